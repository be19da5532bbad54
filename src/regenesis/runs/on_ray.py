"""A run's synthesis over the nodes of a Ray cluster.

    report = synthesize_on_ray(config, "runs/x", shards=16, address="auto", segments="s3://bucket/x")

Each shard is an ordinary synthesis of its questions, on its node's own disk, sealed into storage that all nodes reach
(`synthesis.sharding`). When all have ended, they are merged here.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from regenesis.config import BudgetConfig, RunConfig
from regenesis.config.loading import config_from_mapping
from regenesis.errors import RunError
from regenesis.filesystems import network_filesystem
from regenesis.runs.cluster import ClusterProgress, ShardEnd, connected, shares
from regenesis.runs.merging import merge
from regenesis.runs.waiting import run_to_its_end
from regenesis.store.directory import RunDirectory
from regenesis.synthesis.report import SynthesisReport
from regenesis.synthesis.sharding import Shard, segments_folder, synthesize_shard


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

    Raises:
        ConfigError: Ray is not installed, or cannot be reached.
        RunError: Another process works on the run, the segments' folder is not shared, every shard failed, or they
            cannot be merged.
    """
    progress = progress or ClusterProgress()
    directory = RunDirectory(Path(run_dir).absolute())
    if network_filesystem(directory.path) is not None:
        raise RunError(
            f"{directory.path}: lies on a network file system, where a ledger can be damaged. Give a --run-dir on this "
            f"machine's disk, and --segments {directory.path}/segments for what the nodes share."
        )
    sealed = segments_folder(directory.path, segments)
    stated = config.model_dump(mode="json")
    arguments = [(stated, share.model_dump(mode="json")) for share in shares(config.budget, shards)]
    with directory.locked(), connected(address, sealed) as cluster:
        await cluster.work_through(_shard, arguments, gpus=config.engine.gpus, progress=progress)
    progress.phase = "merging"
    try:
        return await asyncio.to_thread(merge, directory.path, segments=segments, started_with=config)
    except RunError as error:
        if progress.failed:
            error.add_note(f"{progress.failed[0].shard}: {progress.failed[0].error}")
        raise


async def _shard(
    shard: Shard, scratch: Path, segments: str, stated: dict[str, Any], budget: dict[str, Any]
) -> ShardEnd:
    report = await synthesize_shard(
        config_from_mapping(stated), scratch, shard, scratch=scratch, segments=segments, budget=BudgetConfig(**budget)
    )
    owed = f"{len(report.owed)} questions were set aside" if report.owed else None
    stopped = None if report.complete else report.stopped or owed
    return ShardEnd(shard.name, report.questions, report.finished, report.requests_sent, stopped)
