"""A run's synthesis over the nodes of a Ray cluster: Ray places shards and starts them again, the rest is ours.

    report = synthesize_on_ray(config, "runs/x", shards=16, address="auto", segments="s3://bucket/x")

Each shard is a task on some node: an ordinary synthesis of its questions, on the node's own disk, sealed into storage
that all nodes reach (`synthesis.sharding`). A lost node's shards are started on another and go on from there. When all
have ended, they are merged here.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from regenesis.config import BudgetConfig, RunConfig
from regenesis.config.loading import config_from_mapping
from regenesis.errors import ConfigError, RegenesisError, RunError, RunInUse
from regenesis.filesystems import network_filesystem
from regenesis.runs.merging import merge
from regenesis.runs.waiting import run_to_its_end
from regenesis.storage import Folder, open_folder
from regenesis.store.directory import RunDirectory
from regenesis.synthesis.shard_states import ShardState, shard_states
from regenesis.synthesis.sharding import Shard, segments_folder, synthesize_shard
from regenesis.synthesis.stage import SynthesisReport

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
    """

    phase: str = "starting"
    count: int = 0
    shards: list[ShardState] = field(default_factory=list)
    ends: list[ShardEnd] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began


def synthesize_on_ray(config: RunConfig, run_dir: str | Path, **options: Any) -> SynthesisReport:
    """As `synthesize_on_ray_async`, for code that does not await."""
    return run_to_its_end(synthesize_on_ray_async(config, run_dir, **options))


async def synthesize_on_ray_async(
    config: RunConfig,
    run_dir: str | Path,
    *,
    shards: int,
    address: str | None = None,
    segments: str | None = None,
    progress: ClusterProgress | None = None,
    told: Callable[[ShardEnd], None] = lambda _: None,
) -> SynthesisReport:
    """Starts or resumes a run's synthesis on a Ray cluster.

    Args:
        config: The run's config; its budget is divided among the shards.
        run_dir: The run's folder, on this machine's disk.
        shards: Number of shards; the same at every start of a run.
        address: The cluster, such as `auto` or `ray://head:10001`; the one that this process is in, or else one on this
            machine, if left out.
        segments: Where shards seal, if not in the run's folder: a path or an address that all nodes reach.
        progress: Counters to keep up to date, for a display.
        told: Is told of each shard that has ended.

    Raises:
        ConfigError: Ray is not installed, or cannot be reached.
        RunError: Another process works on the run, the segments' folder is not shared, every shard failed, or they
            cannot be merged.
    """
    progress = progress or ClusterProgress()
    progress.count = shards
    directory = RunDirectory(Path(run_dir).absolute())
    if network_filesystem(directory.path) is not None:
        raise RunError(
            f"{directory.path}: lies on a network file system, where a ledger can be damaged. Give a --run-dir on this "
            f"machine's disk, and --segments {directory.path}/segments for what the nodes share."
        )
    sealed = segments_folder(directory.path, segments)
    with directory.locked():
        ray = _ray(address)
        token = _leave_token(sealed)
        try:
            tasks = _placed(ray, config, shards, str(sealed), token)
            await _watched(ray, tasks, sealed, progress, told)
        finally:
            with suppress(OSError):
                sealed.remove(token)
    failed = [end for end in progress.ends if end.error is not None]
    if len(failed) == shards:
        raise RunError(f"No shard got to its end. {failed[0].shard}: {failed[0].error}")
    progress.phase = "merging"
    try:
        return await asyncio.to_thread(merge, directory.path, segments=segments, started_with=config)
    except RunError as error:
        if failed:
            error.add_note(f"{failed[0].shard}: {failed[0].error}")
        raise


def _placed(ray: Any, config: RunConfig, shards: int, sealed: str, token: str) -> dict[Any, Shard]:
    stated = config.model_dump(mode="json")
    gpus = config.engine.gpus if ray.cluster_resources().get("GPU") else 0
    task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=STARTS - 1, scheduling_strategy="SPREAD")(_work)
    budgets = shares(config.budget, shards)
    return {
        task.remote(stated, budget.model_dump(mode="json"), sealed, shard.number, shards, token): shard
        for shard, budget in zip((Shard(number, shards) for number in range(1, shards + 1)), budgets, strict=True)
    }


async def _watched(
    ray: Any, tasks: dict[Any, Shard], sealed: Folder, progress: ClusterProgress, told: Callable[[ShardEnd], None]
) -> None:
    """Waits for all shards; where that is cancelled, they seal what they have and end."""
    pending = dict(tasks)
    progress.phase = "sampling"
    try:
        while pending:
            done, _ = await asyncio.to_thread(ray.wait, list(pending), timeout=_LOOK_SECONDS)
            with suppress(RunError):
                progress.shards = await asyncio.to_thread(shard_states, sealed)
            for one in done:
                end = await asyncio.to_thread(_ended, ray, one, pending.pop(one))
                progress.ends.append(end)
                told(end)
    finally:
        if pending:
            await asyncio.to_thread(_end, ray, list(pending))


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
    try:
        ray.init(address=address, ignore_reinit_error=True, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"--on ray: the cluster {address or 'on this machine'} cannot be reached ({error})."
        ) from error
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


def _leave_token(sealed: Folder) -> str:
    """A file by which nodes tell that they see the same folder."""
    token = f".seen-{secrets.token_hex(8)}"
    try:
        sealed.write(token, b"")
    except OSError as error:
        raise RunError(f"{sealed}: cannot be written ({error.strerror or error}).") from error
    return token


def _work(
    stated: dict[str, Any], budget: dict[str, Any], segments: str, number: int, count: int, token: str
) -> dict[str, Any]:
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
            config, share = config_from_mapping(stated), BudgetConfig(**budget)
            work = synthesize_shard(config, scratch, shard, scratch=scratch, segments=segments, budget=share)
            report = _until_told_to_end(work)
            owed = f"{len(report.owed)} questions were set aside" if report.owed else None
            stopped = None if report.complete else report.stopped or owed
            return asdict(ShardEnd(shard.name, report.questions, report.finished, report.requests_sent, stopped))
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
    import signal

    async def cancellable() -> Any:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    return asyncio.run(cancellable())
