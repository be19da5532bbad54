"""A whole experiment, cell by cell; the same call resumes, whatever ended the last one.

    report = run_experiment(experiment, "experiments/x")
    report.ending        # "done", "unfinished", "nothing kept", "nothing read"

For each seed and training set the syntheses of all methods run side by side on one shared engine. Then the common
number of rows or tokens is known, each method's dataset is drawn to it, and cell by cell is trained and evaluated. So
every prefix of the work is a result: all methods on the first training set with the first seed come first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from regenesis.config import BudgetConfig
from regenesis.dataset.config import DatasetConfig
from regenesis.errors import ConfigError, RegenesisError
from regenesis.evaluation.progress import EvaluationProgress
from regenesis.evaluation.record import SUMMARY, EvaluationReport
from regenesis.experiments.cells import Cell, cells
from regenesis.experiments.collecting import collect
from regenesis.experiments.comparing import Comparison
from regenesis.experiments.config import ExperimentConfig
from regenesis.experiments.directory import ExperimentDirectory
from regenesis.experiments.observing import ExperimentObserver, GroupProgress
from regenesis.experiments.sharing import SharedEngines, SharedTraffic
from regenesis.experiments.terms import Terms, Yielded, equal_terms
from regenesis.experiments.writing import write_tables
from regenesis.ledger import Ledger
from regenesis.runs.deriving import derive_dataset
from regenesis.runs.evaluating import evaluate_run
from regenesis.runs.loop import require_possible
from regenesis.runs.running import Ending, Waiting, look_ahead, train_apart
from regenesis.store.directory import RunDirectory
from regenesis.synthesis.progress import Progress
from regenesis.synthesis.report import SynthesisReport
from regenesis.synthesis.stage import synthesize
from regenesis.training.stage import is_trained


@dataclass(frozen=True, slots=True)
class CellResult:
    """What a cell came to in this start.

    Attributes:
        cell: The cell.
        synthesis: Its synthesis.
        evaluation: Its evaluation; `None` where there was nothing to train on, or nothing to evaluate on.
    """

    cell: Cell
    synthesis: SynthesisReport
    evaluation: EvaluationReport | None

    @property
    def finished(self) -> bool:
        """Whether nothing of it is left to do."""
        if not self.synthesis.complete:
            return False
        return self.evaluation.complete if self.evaluation is not None else not self.cell.config.evaluation.tasks

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON types."""
        cell, evaluation = self.cell, self.evaluation
        return {
            "method": cell.method,
            "train_on": cell.train_on,
            "seed": cell.seed,
            "directory": str(cell.directory),
            "finished": self.finished,
            "rows": self.synthesis.available,
            "synthesis": {"requests": self.synthesis.requests_sent, "complete": self.synthesis.complete},
            "evaluation": None if evaluation is None else {"complete": evaluation.complete},
        }


@dataclass(frozen=True, slots=True)
class ExperimentReport:
    """What one start of an experiment came to.

    Attributes:
        directory: The experiment's folder.
        cells: The cells that were gone through, in order.
        total: How many cells the experiment has.
        terms: By seed and training set, on what terms methods were compared.
        traffic: What was asked of engines in this start.
        comparison: The finished cells compared; `None` while there is none.
        ending: How it ended.
    """

    directory: Path
    cells: Sequence[CellResult]
    total: int
    terms: Mapping[tuple[int, str], Terms]
    traffic: SharedTraffic
    comparison: Comparison | None
    ending: Ending

    @property
    def complete(self) -> bool:
        """Whether every cell was gone through and came to something."""
        return self.ending == "done"

    @property
    def finished(self) -> int:
        """Cells that are gone through to their end."""
        return sum(one.finished for one in self.cells)

    @property
    def stopped(self) -> str | None:
        """What the budget ran out of, if it did."""
        reports = [report for one in self.cells for report in (one.synthesis, one.evaluation) if report is not None]
        return next((report.stopped for report in reports if report.stopped), None)

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        return {
            "directory": str(self.directory),
            "complete": self.complete,
            "ending": self.ending,
            "stopped": self.stopped,
            "finished": self.finished,
            "total": self.total,
            "cells": [one.to_json() for one in self.cells],
            "terms": [
                {"seed": seed, "train_on": train_on, **terms.to_json()}
                for (seed, train_on), terms in self.terms.items()
            ],
            "asked": asdict(self.traffic),
        }


def run_experiment(
    experiment: ExperimentConfig,
    run_dir: str | Path,
    *,
    observer: ExperimentObserver | None = None,
    wait: Waiting = asyncio.run,
    training_output: int | None = None,
) -> ExperimentReport:
    """Synthesizes, trains and evaluates every cell of an experiment; starts or resumes.

    Args:
        experiment: The experiment.
        run_dir: Its folder, made if missing.
        observer: Is told how it goes.
        wait: Runs async work to its end; for a caller who handles signals.
        training_output: File descriptor for what training processes print; standard output if left out.

    Returns:
        What it came to; a budget that ran out is a normal end.

    Raises:
        RegenesisError: A cell cannot be gone through. What was recorded stays.
        TrainingEnded: A training process was interrupted.
    """
    observer = observer or ExperimentObserver()
    directory = ExperimentDirectory(run_dir)
    found = cells(experiment, directory.path)
    require_comparable(found)
    with directory.locked():
        for text in directory.freeze(experiment):
            observer.note(text)
        ahead = [look_ahead(cell.config, cell.directory, trains=True) for cell in _one_of_each_set(found)]
        for text in dict.fromkeys(text for texts in ahead for text in texts):
            observer.note(text)
        with Ledger.open(directory.ledger) as ledger:
            shared = SharedEngines(ledger, directory.identities, found[0].config.budget)
            start = _Start(experiment, directory, found, observer, shared, wait, training_output)
            ending = start.go_through()
        comparison = start.write_tables()
    return ExperimentReport(directory.path, start.done, len(found), start.terms, shared.traffic, comparison, ending)


def require_comparable(found: Sequence[Cell]) -> None:
    """Makes sure, before anything is spent, that every cell can be gone through.

    Raises:
        ConfigError: One cannot; the message says what to set.
    """
    config = found[0].config
    require_possible(config, 1)
    measuring = config.evaluation.engine or config.engine
    if config.evaluation.tasks and not measuring.takes_adapters and len(found) > 1:
        raise ConfigError(
            f"The engine `{measuring.kind}` cannot load tuned models by itself, and the experiment trains "
            f"{len(found)}. Set evaluation.engine to one that can, such as `auto` or `transformers`; the synthesis "
            "may still ask a server."
        )
    if config.evaluation.tasks and config.evaluation.tuned_engine is not None and len(found) > 1:
        raise ConfigError(
            f"evaluation.tuned_engine names one model, and the experiment trains {len(found)}. Leave it out; set "
            "evaluation.engine to one that loads tuned models by itself, such as `auto` or `transformers`."
        )


def _one_of_each_set(found: Sequence[Cell]) -> Iterator[Cell]:
    seen: set[str] = set()
    for cell in found:
        if cell.train_on not in seen:
            seen.add(cell.train_on)
            yield cell


@dataclass(slots=True)
class _Start:
    """What the cells of one start share."""

    experiment: ExperimentConfig
    directory: ExperimentDirectory
    cells: Sequence[Cell]
    observer: ExperimentObserver
    shared: SharedEngines
    wait: Waiting
    training_output: int | None
    done: list[CellResult] = field(default_factory=list)
    terms: dict[tuple[int, str], Terms] = field(default_factory=dict)

    def go_through(self) -> Ending:
        """Works on all cells, group by group."""
        ending: Ending = "done"
        for key, group in groupby(self.cells, key=lambda cell: (cell.seed, cell.train_on)):
            together = [_as_it_was_drawn(cell) for cell in group]
            reports = self._synthesize(together)
            if not all(report.complete for report in reports):
                self.done += [CellResult(*pair, None) for pair in zip(together, reports, strict=True)]
                return "unfinished"
            terms = self.terms[key] = equal_terms(self.experiment, _yielded(together, reports))
            self.observer.agreed(together, terms)
            for text in terms.notes:
                self.observer.note(text)
            for cell, report in zip(together, reports, strict=True):
                came_to = self._train_and_evaluate(_drawn(cell, terms), report)
                if came_to == "unfinished":
                    return came_to
                ending = ending if came_to == "done" else came_to
        return ending

    def write_tables(self) -> Comparison | None:
        """Compares what is finished so far, and writes the tables."""
        comparison = collect(self.experiment, self.directory.path)
        if comparison is not None:
            write_tables(comparison, self.directory.path)
        return comparison

    def _synthesize(self, group: Sequence[Cell]) -> list[SynthesisReport]:
        """The syntheses of a group, side by side."""
        progress = GroupProgress([(cell, Progress()) for cell in group], self.shared.traffic)

        async def side_by_side() -> list[SynthesisReport]:
            async with self.shared.kept_open():
                return await _all_or_none(
                    [
                        synthesize(
                            cell.config,
                            cell.directory,
                            progress=one,
                            budget=BudgetConfig(),  # the shared engine keeps to the experiment's
                            make_engine=self.shared.maker(place),
                        )
                        for place, (cell, one) in enumerate(progress.cells)
                    ]
                )

        with self.observer.group(progress):
            reports: list[SynthesisReport] = self.wait(side_by_side())
        for cell, report in zip(group, reports, strict=True):
            self.observer.synthesized(cell, report)
        return reports

    def _train_and_evaluate(self, cell: Cell, synthesis: SynthesisReport) -> Ending:
        if not RunDirectory(cell.directory).has_rows():
            self.done.append(CellResult(cell, synthesis, None))
            return "nothing kept"
        with self.observer.working(cell, "train", None):
            if not is_trained(RunDirectory(cell.directory), cell.config):
                train_apart(cell.directory, cell.config, self.training_output)
        result = CellResult(cell, synthesis, self._evaluate(cell) if cell.config.evaluation.tasks else None)
        self.done.append(result)
        if result.evaluation is None:
            return "done"
        if not result.evaluation.complete:
            return "unfinished"
        if result.evaluation.requests_sent:  # of a cell that was finished before there is nothing new to write
            self.write_tables()
        return "nothing read" if result.evaluation.unread else "done"

    def _evaluate(self, cell: Cell) -> EvaluationReport:
        progress = EvaluationProgress()
        with self.observer.working(cell, "evaluate", progress):
            report: EvaluationReport = self.wait(
                evaluate_run(
                    cell.directory,
                    cell.config,
                    progress=progress,
                    budget=BudgetConfig(),
                    make_engine=self.shared.maker(),
                )
            )
        self.observer.evaluated(cell, report)
        return report


async def _all_or_none(works: Sequence[Coroutine[Any, Any, SynthesisReport]]) -> list[SynthesisReport]:
    """Runs syntheses at the same time; where one fails, the others end too, and the first error is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if task.done():
                task.result()
        return [task.result() for task in tasks]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _as_it_was_drawn(cell: Cell) -> Cell:
    """The cell with the draw that its folder says, so that a resume does not write a dataset that nobody trains on."""
    with suppress(RegenesisError):  # what is wrong with the folder is said by the synthesis
        frozen = RunDirectory(cell.directory).frozen_config()
        if frozen is not None:
            return _with_draw(cell, frozen.dataset)
    return cell


def _with_draw(cell: Cell, draw: DatasetConfig) -> Cell:
    """The cell with so much of its dataset; whether of hinted paths is the experiment's to say."""
    dataset = draw.model_copy(update={"hinted": cell.config.dataset.hinted})
    return replace(cell, config=cell.config.model_copy(update={"dataset": dataset}))


def _drawn(cell: Cell, terms: Terms) -> Cell:
    """The cell with its dataset drawn to the common number."""
    drawn = _with_draw(cell, terms.dataset)
    if drawn == cell:
        return cell
    # figures of a model that is going to be trained anew
    (RunDirectory(cell.directory).evaluation / SUMMARY).unlink(missing_ok=True)
    derive_dataset(cell.directory, drawn.config.dataset)
    return drawn


def _yielded(group: Sequence[Cell], reports: Sequence[SynthesisReport]) -> dict[str, Yielded]:
    return {
        cell.method: Yielded(report.available, _generated(cell)) for cell, report in zip(group, reports, strict=True)
    }


def _generated(cell: Cell) -> int:
    with Ledger.read(RunDirectory(cell.directory).ledger) as ledger:
        return sum(ledger.generated(without="evaluate").values())
