"""An evaluation over the nodes of a Ray cluster: answers are asked there, figures are computed here.

    asked = Answers(16, directory.path, address="auto")
    report = await evaluate_run("runs/x", beforehand=asked.ask)

Each shard asks its questions of every model, with a ledger of its own that is sealed as in a synthesis. Then all
answers are taken into the run's ledger, and the evaluation finds them recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from regenesis.engines import EngineConfig
from regenesis.errors import RunError
from regenesis.evaluation.progress import EvaluationProgress
from regenesis.evaluation.settings import EvaluationSettings
from regenesis.evaluation.stage import evaluate_models
from regenesis.ledger import Ledger
from regenesis.ledger.segments import absorb, rows_in
from regenesis.runs.cluster import ClusterProgress, ShardEnd, connected, shares
from regenesis.storage import open_folder
from regenesis.store.directory import RunDirectory
from regenesis.synthesis.sealing import sealing
from regenesis.synthesis.sharding import Shard, segments_folder
from regenesis.tasks.config import TaskConfig


@dataclass(frozen=True, slots=True)
class Answers:
    """How a cluster is asked for the answers of an evaluation.

    Attributes:
        shards: Number of shards; the same at every start.
        run_dir: The folder of the evaluation.
        address: The cluster, as in `runs.cluster.connected`.
        segments: Where shards seal, if not in that folder: a path or an address that all nodes reach.
        progress: Counters to keep up to date, for a display.
    """

    shards: int
    run_dir: str | Path
    address: str | None = None
    segments: str | None = None
    progress: ClusterProgress = field(default_factory=ClusterProgress)

    async def ask(
        self, models: Mapping[str, EngineConfig], settings: EvaluationSettings, tasks: Sequence[TaskConfig]
    ) -> None:
        """Has all models asked and their answers recorded; the caller holds the evaluation's folder.

        Raises:
            ConfigError: Ray is not installed, or cannot be reached.
            RunError: A shard has not come to its end; what it recorded stays.
            LedgerError: A segment is missing or damaged.
        """
        directory = RunDirectory(Path(self.run_dir).absolute())
        sealed = segments_folder(directory.path, self.segments).inside("evaluation")
        arguments = [
            (dict(models), replace(settings, budget=share), list(tasks))
            for share in shares(settings.budget, self.shards)
        ]
        gpus = max(engine.gpus for engine in models.values())
        with connected(self.address, sealed) as cluster:
            await cluster.work_through(_shard, arguments, gpus=gpus, progress=self.progress)
        self.progress.phase = "merging"
        with Ledger.open(directory.ledger) as ledger:
            names = [Shard(number, self.shards).name for number in range(1, self.shards + 1)]
            await absorb(ledger, chain.from_iterable(rows_in(sealed.inside(name)) for name in names))
        left = [end for end in self.progress.ends if end.error or end.stopped]
        if left:
            raise RunError(
                f"{len(left)} of {self.shards} shards have not come to their end. {left[0].shard}: "
                f"{left[0].error or left[0].stopped}. All answers so far are recorded: rerun the command to go on."
            )


async def _shard(
    shard: Shard,
    scratch: Path,
    segments: str,
    models: Mapping[str, EngineConfig],
    settings: EvaluationSettings,
    tasks: Sequence[TaskConfig],
) -> ShardEnd:
    folder, progress = RunDirectory(scratch / shard.name), EvaluationProgress()
    options: dict[str, Any] = {"tasks": tasks, "shard": shard, "progress": progress}
    async with sealing(folder, open_folder(segments).inside(shard.name), shard.name, progress) as ended:
        report = await evaluate_models(models, settings, folder.path, **options)
        ended(report)
    questions = progress.questions * len(models)
    answered = sum(count.answered for counts in progress.counts.values() for count in counts.values())
    owed = f"{len(report.owed)} questions were set aside" if report.owed else None
    stopped = None if report.complete else report.stopped or owed
    return ShardEnd(shard.name, questions, answered, report.requests_sent, stopped)
