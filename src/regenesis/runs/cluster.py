"""Work on shards over the nodes of a Ray cluster: Ray places them and starts them again, the rest is ours.

    with connected("auto", folder) as cluster:
        await cluster.work_through(work, arguments, gpus=1, progress=progress)

`work` is called on some node for each shard; a lost node's shards are started on another, and go on from what was
sealed in a folder that all nodes share.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from regenesis.errors import ConfigError, RegenesisError, RunError, RunInUse
from regenesis.scheduling import BudgetConfig
from regenesis.storage import Folder, open_folder
from regenesis.synthesis.shard_states import ShardState, shard_states
from regenesis.synthesis.sharding import Shard

STARTS = 100
"""How often a shard is started at most: nodes are lost, but a shard that ends its process each time is not for ever."""
_STILL_HELD_SECONDS = 60.0
"""How long a shard waits for the process that had it on a node that was lost: it may take a moment to end."""
_LOOK_SECONDS = 1.0
_ENDING_SECONDS = 20.0
"""How long interrupted shards have to seal what they recorded."""


@dataclass(frozen=True, slots=True)
class ShardEnd:
    """How a shard ended.

    Attributes:
        shard: Its name, such as `3-of-16`.
        questions: Its questions.
        finished: Of those, finished.
        sent: Requests sent by the last start.
        stopped: Why it stopped before its end without a failure: its share of the budget ran out, say.
        error: What failed.
    """

    shard: str
    questions: int = 0
    finished: int = 0
    sent: int = 0
    stopped: str | None = None
    error: str | None = None


@dataclass(slots=True)
class ClusterProgress:
    """Where a run over a cluster stands, for a display.

    Attributes:
        phase: What is being done.
        count: Number of shards.
        shards: Where they stand, of those that have told.
        ends: How those ended that have.
        told: Is told of each that has ended.
    """

    phase: str = "starting"
    count: int = 0
    shards: list[ShardState] = field(default_factory=list)
    ends: list[ShardEnd] = field(default_factory=list)
    told: Callable[[ShardEnd], None] = lambda _: None
    _began: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began

    @property
    def failed(self) -> list[ShardEnd]:
        """Of those that ended, the ones that failed."""
        return [end for end in self.ends if end.error is not None]


def address_of(on: str) -> str | None:
    """The cluster that `--on` names, `None` for the one that this process is in.

    Raises:
        ConfigError: It names none.
    """
    if on == "ray":
        return None
    if not on.startswith("ray://"):
        raise ConfigError(f"--on {on!r}: choose ray, or the address of a cluster such as ray://head:10001.")
    return on


class Work(Protocol):
    """What is done for a shard on its node: a function of a module, so that nodes find it."""

    def __call__(
        self, shard: Shard, scratch: Path, segments: str, /, *arguments: Any
    ) -> Coroutine[Any, Any, ShardEnd]: ...


@contextmanager
def connected(address: str | None, sealed: Folder) -> Iterator[Cluster]:
    """The cluster at an address, or the one that this process is in, or else one on this machine.

    Args:
        address: Such as `auto` or `ray://head:10001`.
        sealed: The folder of the shards' segments.

    Raises:
        ConfigError: Ray is not installed, or cannot be reached.
        RunError: The folder cannot be written.
    """
    ray = _ray(address)
    token = f".seen-{secrets.token_hex(8)}"
    try:
        sealed.write(token, b"")
    except OSError as error:
        raise RunError(f"{sealed}: cannot be written ({error.strerror or error}).") from error
    try:
        yield Cluster(ray, sealed, token)
    finally:
        with suppress(OSError):
            sealed.remove(token)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that is connected to.

    Attributes:
        ray: The package.
        sealed: The folder of the shards' segments.
        token: A file in it, by which nodes tell that they see the same folder.
    """

    ray: Any
    sealed: Folder
    token: str

    async def work_through(
        self,
        work: Work,
        arguments: Sequence[tuple[Any, ...]],
        *,
        gpus: int,
        progress: ClusterProgress,
    ) -> None:
        """Does the work of all shards; where that is cancelled, they seal what they have and end.

        Args:
            work: Is called for each shard, on its node.
            arguments: What it is called with besides, a tuple a shard.
            gpus: GPUs of a shard, where the cluster has any.
            progress: Counters to keep up to date; it holds how the shards ended.

        Raises:
            RunError: Every shard failed.
        """
        count = progress.count = len(arguments)
        gpus = gpus if self.ray.cluster_resources().get("GPU") else 0
        task = self.ray.remote(num_cpus=1, num_gpus=gpus, max_retries=STARTS - 1, scheduling_strategy="SPREAD")(_work)
        pending = {
            task.remote(work, arguments[number - 1], str(self.sealed), number, count, self.token): Shard(number, count)
            for number in range(1, count + 1)
        }
        progress.phase = "asking"
        try:
            while pending:
                done, _ = await asyncio.to_thread(self.ray.wait, list(pending), timeout=_LOOK_SECONDS)
                with suppress(RunError):
                    progress.shards = await asyncio.to_thread(shard_states, self.sealed)
                for one in done:
                    end = await asyncio.to_thread(_ended, self.ray, one, pending.pop(one))
                    progress.ends.append(end)
                    progress.told(end)
        finally:
            if pending:
                await asyncio.to_thread(_end, self.ray, list(pending))
        failed = progress.failed
        if len(failed) == count:
            raise RunError(f"No shard got to its end. {failed[0].shard}: {failed[0].error}")


def _ended(ray: Any, task: Any, shard: Shard) -> ShardEnd:
    try:
        return ShardEnd(**ray.get(task))
    except ray.exceptions.RayError as error:
        return ShardEnd(shard.name, error=f"{type(error).__name__}: {str(error).strip().splitlines()[0]}")


def _end(ray: Any, tasks: list[Any]) -> None:
    for one in tasks:
        ray.cancel(one)
    _, left = ray.wait(tasks, num_returns=len(tasks), timeout=_ENDING_SECONDS)
    for one in left:
        ray.cancel(one, force=True)


def _ray(address: str | None) -> Any:
    try:
        import ray
    except ImportError as error:
        raise ConfigError("--on ray: needs Ray. Install it: `pip install 'regenesis[ray]'`.") from error
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, ignore_reinit_error=True, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"--on ray: the cluster {address or 'on this machine'} cannot be reached ({error})."
        ) from error
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)  # Ray takes it, and would end this process without a word
    return ray


def shares(budget: BudgetConfig, shards: int) -> list[BudgetConfig]:
    """The parts of a budget that shards may spend, whose sum it is; minutes pass for all at once."""
    parts = []
    for number in range(shards):
        update = {
            name: None if (whole := getattr(budget, name)) is None else whole // shards + (number < whole % shards)
            for name in ("requests", "tokens")
        }
        parts.append(budget.model_copy(update=update))
    return parts


def _work(work: Work, arguments: tuple[Any, ...], segments: str, number: int, count: int, token: str) -> dict[str, Any]:
    """One shard, on the node that it was placed on; gives the fields of its `ShardEnd`."""
    import ray

    shard = Shard(number, count)
    node = ray.get_runtime_context().get_node_id()
    place = hashlib.sha256(f"{segments} {node}".encode()).hexdigest()[:12]
    scratch, began = Path(tempfile.gettempdir()) / f"regenesis-{place}", time.monotonic()
    while True:
        try:
            if token not in open_folder(segments).names():
                raise RunError(
                    f"node {node[:8]} does not see what is written to {segments}: it has to be storage that all nodes "
                    "share. Give --segments with a shared folder or an object store."
                )
            return asdict(_until_told_to_end(work(shard, scratch, segments, *arguments)))
        except RunInUse as error:
            if time.monotonic() - began > _STILL_HELD_SECONDS:
                return asdict(ShardEnd(shard.name, error=str(error)))
            time.sleep(1)
        except RegenesisError as error:
            return asdict(ShardEnd(shard.name, error=str(error)))
        except OSError as error:
            return asdict(ShardEnd(shard.name, error=f"{segments}: cannot be read ({error})."))


def _until_told_to_end(work: Any) -> Any:
    """Runs a shard; where its process is told to end, as before a node is taken away, it is cancelled, and so seals."""

    async def cancellable() -> Any:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    return asyncio.run(cancellable())
