"""The command line as the observer of an experiment: `regenesis compare EXPERIMENT.yaml`.

compare_experiment(Path("experiment.yaml"), Path("experiments/x"), overrides=[], as_json=False)
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.text import Text

from regenesis.cli.exits import Exit
from regenesis.cli.experiment_display import display_for_group
from regenesis.cli.interrupts import run_until_interrupted
from regenesis.cli.launching import say_training_ended
from regenesis.cli.looking_ahead import tell
from regenesis.cli.terminal import console, print_json
from regenesis.cli.watching import WatchingEvaluation, WatchingGroup
from regenesis.errors import TrainingEnded
from regenesis.evaluation.progress import EvaluationProgress
from regenesis.experiments.cells import Cell
from regenesis.experiments.config import ExperimentConfig, load_experiment
from regenesis.experiments.observing import ExperimentObserver, GroupProgress, Phase
from regenesis.experiments.running import ExperimentReport, run_experiment
from regenesis.experiments.terms import Terms
from regenesis.experiments.writing import comparison_json
from regenesis.report.figures import counted
from regenesis.report.terminal import print_view
from regenesis.report.views.comparison import comparison_view
from regenesis.synthesis.report import SynthesisReport

_EXITS = {
    "done": Exit.DONE,
    "unfinished": Exit.UNFINISHED,
    "nothing kept": Exit.NOTHING_KEPT,
    "nothing read": Exit.NOTHING_READ,
}

Result = TypeVar("Result")


def compare_experiment(config: Path, folder: Path, overrides: Sequence[str], *, as_json: bool) -> None:
    """Runs an experiment, or goes on with it, and shows its tables.

    Raises:
        typer.Exit: Always, with the code that says how it ended.
        RegenesisError: It cannot go on.
    """
    experiment = load_experiment(config, overrides)
    sets = [part for override in overrides for part in ("--set", override)]
    command = shlex.join(["regenesis", "compare", str(config), "--run-dir", str(folder), *sets])
    told = ExperimentTold(experiment, folder, command, as_json)
    try:
        # with --json, stdout is reserved for the JSON document
        output = sys.stderr.fileno() if as_json else None
        report = run_experiment(experiment, folder, observer=told, wait=told.wait, training_output=output)
    except TrainingEnded as ended:
        say_training_ended(ended.code, command)
        raise typer.Exit(ended.code) from None
    if as_json:
        print_json(_document(report))
    else:
        told.end(report)
    raise typer.Exit(_EXITS[report.ending])


class ExperimentTold(ExperimentObserver):
    """Tells a terminal how an experiment goes."""

    def __init__(self, experiment: ExperimentConfig, folder: Path, command: str, as_json: bool) -> None:
        """Takes what is run, and the command that goes on with it."""
        self._total = len(experiment.methods) * len(experiment.train_on) * len(experiment.seeds)
        self._several = (len(experiment.train_on) > 1, len(experiment.seeds) > 1)
        self._folder = folder
        self._command = command
        self._as_json = as_json
        self._console = console(stderr=as_json)
        self._watching: WatchingGroup | WatchingEvaluation | None = None
        self._trained = 0

    def wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Runs async work to its end, or to an interrupt."""
        assert self._watching is not None
        return run_until_interrupted(work, self._watching.last_words)

    def note(self, text: str) -> None:
        tell(text, as_json=self._as_json)

    @contextmanager
    def group(self, progress: GroupProgress) -> Iterator[None]:
        self._head(f"Synthesize{self._where(progress.cells[0][0])}")
        display = display_for_group(self._console, progress, str(self._folder))
        self._watching = WatchingGroup(self._console, display, progress, self._command)
        with self._watching:
            yield

    def synthesized(self, cell: Cell, report: SynthesisReport) -> None:
        text = f"{cell.method}: {counted(report.available, 'row')} from {counted(report.questions, 'question')}"
        text += f", {report.requests_sent:,} requests" if report.requests_sent else ", nothing left to ask"
        text += f"; stopped: {report.stopped}" if report.stopped else ""
        text += f"; {counted(len(report.owed), 'question')} set aside" if report.owed else ""
        self._console.print(Text(text))

    def agreed(self, cells: Sequence[Cell], terms: Terms) -> None:
        match terms.equal:
            case "examples" if terms.number is not None:
                self._console.print(Text(f"Each method trains on {counted(terms.number, 'row')}."))
            case "tokens" if terms.number is not None:
                self._console.print(Text(f"Each method trains on what {terms.number:,} generated tokens gave."))
            case _:
                self._console.print(Text("Each method trains on all that it kept."))

    def working(self, cell: Cell, phase: Phase, progress: EvaluationProgress | None) -> AbstractContextManager[object]:
        if progress is None:
            self._trained += 1
            self._head(f"{self._trained}/{self._total} {cell.method}{self._where(cell)}")
        return self._shown(cell, progress)

    @contextmanager
    def _shown(self, cell: Cell, progress: EvaluationProgress | None) -> Iterator[None]:
        if progress is None:  # a training's own process shows it
            yield
            return
        self._watching = WatchingEvaluation(self._console, progress, str(cell.directory), self._command)
        with self._watching:
            yield

    def end(self, report: ExperimentReport) -> None:
        """Shows the tables, and how to go on where not all is done."""
        if report.comparison is not None:
            self._head("Comparison")
            print_view(self._console, comparison_view(report.comparison))
        traffic = report.traffic
        self._console.print()
        self._console.print(
            Text(
                f"{counted(report.finished, 'cell')} of {self._total:,} finished. Asked in this start: "
                f"{counted(traffic.sent, 'request')}, {traffic.completion_tokens:,} new tokens; "
                f"{traffic.recalled:,} shared or recorded."
            )
        )
        if report.ending == "unfinished":
            self._console.print(Text(f"Stopped{f' ({report.stopped})' if report.stopped else ''}. Go on with:"))
            self._console.print(Text(f"  {self._command}"), soft_wrap=True)

    def _where(self, cell: Cell) -> str:
        parts = [
            part
            for part, several in zip((f"on {cell.train_on}", f"seed {cell.seed}"), self._several, strict=True)
            if several
        ]
        return f" ({', '.join(parts)})" if parts else ""

    def _head(self, text: str) -> None:
        self._console.print()
        self._console.print(Text(f"── {text} ".ljust(60, "─"), "bold"))
        self._console.print()


def _document(report: ExperimentReport) -> dict[str, Any]:
    return {
        **report.to_json(),
        "comparison": None if report.comparison is None else comparison_json(report.comparison),
    }
