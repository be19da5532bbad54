"""The command line as the observer of a whole run: a heading a stage, its display, how it ended.

told = Told(config, rounds=1, command="regenesis run config.yaml", as_json=False)
run(config, "runs/x", observer=told, wait=told.wait)
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from rich.text import Text

from regenesis.cli.account import print_loaded
from regenesis.cli.interrupts import run_until_interrupted
from regenesis.cli.looking_ahead import tell
from regenesis.cli.terminal import console
from regenesis.cli.watching import WatchingEvaluation, WatchingSynthesis
from regenesis.config import RunConfig
from regenesis.evaluation.record import EvaluationReport
from regenesis.report.terminal import print_view
from regenesis.report.views.evaluation import evaluation_view
from regenesis.report.views.synthesis import synthesis_view
from regenesis.report.views.training import training_view
from regenesis.runs.loop import Stage
from regenesis.runs.observing import Observer, StageProgress, StageReport
from regenesis.synthesis.progress import Progress
from regenesis.synthesis.report import SynthesisReport
from regenesis.tasks import LoadedQuestions
from regenesis.training.by_engine import trains_itself
from regenesis.training.report import TrainingReport

_IN_WORDS = {"synthesize": "Synthesize", "train": "Train", "evaluate": "Evaluate"}

Result = TypeVar("Result")


class Told(Observer):
    """Tells a terminal how a run goes."""

    def __init__(self, config: RunConfig, rounds: int, command: str, as_json: bool) -> None:
        """Takes what is run, and the command that goes on with it."""
        self._config = config
        self._rounds = rounds
        self._command = command
        self._as_json = as_json
        # with --json, stdout is reserved for the JSON document
        self._console = console(stderr=as_json)
        self._watching: WatchingSynthesis | WatchingEvaluation | None = None

    def wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Runs a stage that asks to its end, or to an interrupt."""
        assert self._watching is not None
        return run_until_interrupted(work, self._watching.last_words)

    def note(self, text: str) -> None:
        tell(text, as_json=self._as_json)

    def watching(self, stage: Stage, progress: StageProgress | None) -> AbstractContextManager[object]:
        self._announce(stage)
        return self._shown(stage, progress)

    @contextmanager
    def _shown(self, stage: Stage, progress: StageProgress | None) -> Iterator[None]:
        if progress is None:  # a training's own process shows it
            yield
            return
        title = str(stage.directory)
        if isinstance(progress, Progress):
            self._watching = WatchingSynthesis(self._console, progress, title, self._command)
        else:
            self._watching = WatchingEvaluation(self._console, progress, title, self._command)
        with self._watching:
            yield

    def loaded(self, stage: Stage, questions: LoadedQuestions) -> None:
        print_loaded(self._console, questions, stage.config)

    def ended(self, stage: Stage, report: StageReport) -> None:
        if isinstance(report, SynthesisReport):
            print_view(self._console, synthesis_view(report, self._command))
            if report.complete and not report.kept:
                self._console.print("There is nothing to train on, so the loop stops here.")
        elif isinstance(report, EvaluationReport):
            print_view(self._console, evaluation_view(report, self._command))
        elif trains_itself(stage.config.training, stage.config.engine):
            # there was no process of its own to show it
            trained = TrainingReport(**{**report, "folder": stage.directory / "model"})
            print_view(self._console, training_view(trained, stage.directory))

    def _announce(self, stage: Stage) -> None:
        kinds = ["synthesize", "train", *(["evaluate"] if self._config.evaluation.tasks else [])]
        where = f"{kinds.index(stage.kind) + 1}/{len(kinds)}"
        heading = f"{where} {_IN_WORDS[stage.kind]}"
        heading += f", round {stage.round} of {self._rounds}" if self._rounds > 1 else ""
        self._console.print()
        self._console.print(Text(f"── {heading} ".ljust(60, "─"), "bold"))
        self._console.print()
