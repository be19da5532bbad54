"""A whole run, stage by stage: what is done, what ends it early, and what it came to.

    result = run(config, "runs/x", rounds=2, observer=Printing())
    result.ending        # "done", "unfinished", "nothing kept", "nothing read"

The same call resumes, whatever ended the last one: a stage that is done is skipped, another one goes on where it
stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from regenesis.config import RunConfig
from regenesis.doctor import before_a_run
from regenesis.errors import ConfigError, TrainingEnded
from regenesis.evaluation.ahead import base_ahead
from regenesis.evaluation.progress import EvaluationProgress
from regenesis.evaluation.record import EvaluationReport
from regenesis.runs.evaluating import evaluate_run
from regenesis.runs.loop import Remaining, Stage, require_possible, stages
from regenesis.runs.observing import Observer, StageReport
from regenesis.store.directory import RunDirectory
from regenesis.synthesis.progress import Progress
from regenesis.synthesis.report import SynthesisReport
from regenesis.synthesis.stage import synthesize
from regenesis.training.by_engine import trains_itself
from regenesis.training.launch import launch, launch_command
from regenesis.training.report import read_record
from regenesis.training.stage import train_run

Ending = Literal["done", "unfinished", "nothing kept", "nothing read"]
"""How a run ended: with every stage done; before its end, since a budget ran out or questions were set aside; with a
synthesis that kept nothing; done, but of a task no answer at all could be read."""

Waiting = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs async work to its end, as `asyncio.run` does."""


@dataclass(frozen=True, slots=True)
class StageResult:
    """One stage that was gone through, and what it came to."""

    stage: Stage
    report: StageReport


@dataclass(frozen=True, slots=True, repr=False)
class RunReport:
    """What one start of a run came to.

    Attributes:
        stages: The stages that were gone through, in order, those that were done already among them.
        ending: How it ended.
    """

    stages: tuple[StageResult, ...]
    ending: Ending

    def __repr__(self) -> str:
        done = ", ".join(f"{one.stage.kind} {one.stage.round}" for one in self.stages)
        return f"RunReport({self.ending}: {done})"

    @property
    def complete(self) -> bool:
        """Whether every stage was gone through and came to something."""
        return self.ending == "done"


def run(
    config: RunConfig,
    run_dir: str | Path,
    *,
    rounds: int = 1,
    observer: Observer | None = None,
    wait: Waiting = asyncio.run,
    training_output: int | None = None,
    reuse: Sequence[str | Path] = (),
) -> RunReport:
    """Synthesizes, trains and evaluates, once or several times with the improved model; starts or resumes.

    Args:
        config: The run's config; its budget counts over all stages of this start.
        run_dir: The run's folder, made if missing.
        rounds: Number of rounds; each samples from the model trained in the previous one.
        observer: Is told how it goes.
        wait: Runs a stage that asks to its end; for a caller who handles signals.
        training_output: File descriptor for what the training process prints; standard output if left out.
        reuse: Folders of other runs, whose completions of equal requests are taken over.

    Returns:
        What it came to; a budget that ran out is a normal end.

    Raises:
        RegenesisError: A stage cannot be gone through. What was recorded stays.
        TrainingEnded: The training process was interrupted.
    """
    observer = observer or Observer()
    require_possible(config, rounds)
    for text in look_ahead(config, Path(run_dir), trains=True):
        observer.note(text)
    this_start = _Start(observer, Remaining(config.budget), wait, training_output, reuse)
    gone_through: list[StageResult] = []
    ending: Ending = "done"
    for stage in stages(config, run_dir, rounds):
        report = this_start.go_through(stage)
        gone_through.append(StageResult(stage, report))
        observer.ended(stage, report)
        came_to = _ending(report)
        # an unparsable task is reported, but is no reason to skip the remaining rounds
        if came_to not in ("done", "nothing read"):
            return RunReport(tuple(gone_through), came_to)
        ending = came_to if came_to != "done" else ending
    return RunReport(tuple(gone_through), ending)


def train_apart(run_dir: Path, config: RunConfig, output: int | None = None) -> dict[str, Any]:
    """Trains a run's model in a process of its own, or several: what it takes of memory is given back at its end.

    An engine that trains by itself does so in this process.

    Args:
        run_dir: The run's folder.
        config: The run's config.
        output: File descriptor for what the training process prints; standard output if left out.

    Returns:
        What stands beside the model (`training.json`).

    Raises:
        TrainingError: It failed.
        TrainingEnded: It was interrupted.
    """
    if trains_itself(config.training, config.engine):
        return train_run(run_dir, config).to_json()
    code = launch(launch_command(run_dir, config.training), output)
    if code:
        raise TrainingEnded(code)
    return dict(read_record(run_dir / "model") or {})


def changed_since(config: RunConfig, run_dir: Path) -> list[str]:
    """In what a config differs from the one that a run was started with, where the run goes on all the same.

    Raises:
        RunError: The config changes what the run has recorded.
    """
    directory = RunDirectory(run_dir)
    changed, kept = directory.require_same(config), directory.earlier_defaults(config)
    told = [f"Goes on with what is recorded. Changed since the start: {'; '.join(changed)}."] if changed else []
    if kept:
        told.append(
            "Left open by the config and kept as the run began, since defaults have changed "
            f"(default now → kept): {'; '.join(kept)}. To have another value, state it in the config."
        )
    return told


def look_ahead(config: RunConfig, run_dir: Path, *, trains: bool) -> list[str]:
    """What the user should know of a run before its synthesis is paid for: what changed, and what its training needs.

    Args:
        config: The run's config.
        run_dir: The run's folder; where its model is there already, there is nothing to tell.
        trains: Whether the training follows at once, so that what would stop it is refused now.

    Raises:
        ConfigError: The training would be refused, when the synthesis is paid for.
        RunError: The config changes what the run has recorded.
    """
    told = changed_since(config, run_dir)
    if (run_dir / "model" / "training.json").is_file():
        return told
    findings = before_a_run(config, run_dir, trains=trains)
    said = [(finding, f"{finding.summary} {finding.advice}".strip()) for finding in findings]
    for finding, text in said:
        if trains and finding.status == "fail":
            raise ConfigError(f"Training would fail later, so nothing is sent now. {text}")
    return [*told, *(text for _, text in said)]


def _ending(report: StageReport) -> Ending:
    if isinstance(report, SynthesisReport):
        if not report.complete:
            return "unfinished"
        return "done" if report.kept else "nothing kept"
    if isinstance(report, EvaluationReport):
        if not report.complete:
            return "unfinished"
        return "nothing read" if report.unread else "done"
    return "done"


@dataclass(frozen=True, slots=True)
class _Start:
    """What the stages of one start share."""

    observer: Observer
    remaining: Remaining
    wait: Waiting
    training_output: int | None
    reuse: Sequence[str | Path]

    def go_through(self, stage: Stage) -> StageReport:
        if stage.kind == "train":
            return self._train(stage)
        report = self._synthesize(stage) if stage.kind == "synthesize" else self._evaluate(stage)
        self.remaining.spend(report.requests_sent, report.prompt_tokens + report.completion_tokens, report.seconds)
        return report

    def _synthesize(self, stage: Stage) -> SynthesisReport:
        progress = Progress()
        # what a later round asks is the tuned model
        errands = base_ahead(stage.config, RunDirectory(stage.directory)) if stage.round == 1 else None
        with self.observer.watching(stage, progress):
            report: SynthesisReport = self.wait(
                synthesize(
                    stage.config,
                    stage.directory,
                    progress=progress,
                    budget=self.remaining.config(),
                    on_loaded=lambda questions: self.observer.loaded(stage, questions),
                    reuse=self.reuse,
                    errands=errands,
                )
            )
        return report

    def _train(self, stage: Stage) -> StageReport:
        with self.observer.watching(stage, None):
            return train_apart(stage.directory, stage.config, self.training_output)

    def _evaluate(self, stage: Stage) -> EvaluationReport:
        progress = EvaluationProgress()
        with self.observer.watching(stage, progress):
            report: EvaluationReport = self.wait(
                evaluate_run(
                    stage.directory, stage.config, progress=progress, budget=self.remaining.config(), reuse=self.reuse
                )
            )
        return report
