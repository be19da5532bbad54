"""A run's synthesis over the nodes of a Ray cluster: Ray places shards and starts them again, the rest is ours.

    report = synthesize_on_ray(config, "/shared/runs/x", shards=16, address="auto")

Each shard is a task on some node: an ordinary synthesis of its questions, on the node's own disk, sealed into the run's
folder on shared storage (`synthesis.sharding`). A lost node's shards are started on another and go on from there. When
all have ended, they are merged here.
"""

from __future__ import annotations

import hashlib
import logging
import math
import secrets
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from regenesis.config import BudgetConfig, RunConfig
from regenesis.config.loading import config_from_mapping
from regenesis.errors import ConfigError, RegenesisError, RunError, RunInUse
from regenesis.filesystems import replacing
from regenesis.runs.merging import merge
from regenesis.synthesis.sharding import Shard, segments_folder, synthesize_shard
from regenesis.synthesis.stage import SynthesisReport

_STILL_HELD_SECONDS = 60.0
"""How long a shard waits for the process that had it on a node that was lost: it may take a moment to end."""


@dataclass(frozen=True, slots=True)
class ShardEnd:
    """How a shard ended.

    Attributes:
        shard: Its name, such as `3-of-16`.
        questions: Its questions.
        finished: Of those, finished.
        sent: Requests sent by the last start.
        error: Why it stopped, `None` where nothing was in its way.
    """

    shard: str
    questions: int = 0
    finished: int = 0
    sent: int = 0
    error: str | None = None


def synthesize_on_ray(
    config: RunConfig,
    run_dir: str | Path,
    *,
    shards: int,
    address: str | None = None,
    told: Callable[[ShardEnd], None] = lambda _: None,
) -> SynthesisReport:
    """Starts or resumes a run's synthesis on a Ray cluster.

    Args:
        config: The run's config; its budget is divided among the shards.
        run_dir: The run's folder, on storage that all nodes share.
        shards: Number of shards; the same at every start of a run.
        address: The cluster, such as `auto` or `ray://head:10001`; the one that this process is in, or else one on this
            machine, if left out.
        told: Is told of each shard that has ended.

    Raises:
        ConfigError: Ray is not installed, or cannot be reached.
        RunError: The folder is not shared, no shard got anywhere, or the shards cannot be merged.
    """
    ray = _ray(address)
    folder = Path(run_dir).absolute()
    stated = config.model_dump(mode="json") | {"budget": _share_of(config.budget, shards).model_dump(mode="json")}
    token = _leave_token(folder)
    gpus = config.engine.gpus if ray.cluster_resources().get("GPU") else 0
    # a task that was lost with its node is started again elsewhere, as often as it takes
    task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=-1, scheduling_strategy="SPREAD")(_work)
    names = [Shard(number, shards) for number in range(1, shards + 1)]
    pending = {task.remote(stated, str(folder), shard.number, shards, token.name): shard for shard in names}
    ends: list[ShardEnd] = []
    try:
        while pending:
            for done in ray.wait(list(pending))[0]:
                shard = pending.pop(done)
                try:
                    end = ShardEnd(**ray.get(done))
                except ray.exceptions.RayError as error:
                    end = ShardEnd(shard.name, error=f"{type(error).__name__}: {str(error).splitlines()[0]}")
                ends.append(end)
                told(end)
    finally:
        for one in pending:
            ray.cancel(one, force=True)
        token.unlink(missing_ok=True)
    failed = [end for end in ends if end.error is not None]
    if len(failed) == shards:
        raise RunError(f"No shard got to its end. {failed[0].shard}: {failed[0].error}")
    return merge(folder)


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


def _share_of(budget: BudgetConfig, shards: int) -> BudgetConfig:
    """The part of a budget that one of several shards may spend; minutes pass for all at once."""
    parts = {
        name: None if (whole := getattr(budget, name)) is None else math.ceil(whole / shards)
        for name in ("requests", "tokens")
    }
    return budget.model_copy(update=parts)


def _leave_token(folder: Path) -> Path:
    """A file by which nodes tell that they see the same folder."""
    token = segments_folder(folder) / f".seen-{secrets.token_hex(8)}"
    try:
        token.parent.mkdir(parents=True, exist_ok=True)
        with replacing(token) as partial:
            partial.write_text("")
    except OSError as error:
        raise RunError(f"{folder}: cannot be written ({error.strerror}).") from error
    return token


def _work(stated: dict[str, Any], folder: str, number: int, count: int, token: str) -> dict[str, Any]:
    """One shard, on the node that it was placed on; gives the fields of its `ShardEnd`."""
    import asyncio

    import ray

    shard, run = Shard(number, count), Path(folder)
    node = ray.get_runtime_context().get_node_id()
    if not (segments_folder(run) / token).is_file():
        error = f"node {node[:8]} does not see {run}: the run folder has to lie on storage that all nodes share."
        return asdict(ShardEnd(shard.name, error=error))
    place = hashlib.sha256(f"{folder} {node}".encode()).hexdigest()[:12]
    scratch, began = Path(tempfile.gettempdir()) / f"regenesis-{place}", time.monotonic()
    while True:
        try:
            config = config_from_mapping(stated)
            report = asyncio.run(synthesize_shard(config, run, shard, scratch=scratch))
            why = None if report.complete else report.stopped or f"{len(report.owed)} questions were set aside"
            return asdict(ShardEnd(shard.name, report.questions, report.finished, report.requests_sent, why))
        except RunInUse as error:
            if time.monotonic() - began > _STILL_HELD_SECONDS:
                return asdict(ShardEnd(shard.name, error=str(error)))
            time.sleep(1)
        except RegenesisError as error:
            return asdict(ShardEnd(shard.name, error=str(error)))
