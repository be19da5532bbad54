"""The comparison that an experiment has come to so far, of the cells that are finished.

comparison = collect(experiment, "experiments/x")
comparison.missing      # ["star, gsm8k, seed 1"]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from regenesis.dataset.card import CARD
from regenesis.errors import ConfigError, RunError
from regenesis.experiments.caveats import caveats
from regenesis.experiments.cells import Cell, cells
from regenesis.experiments.comparing import Comparison, compare_runs
from regenesis.experiments.config import Equal, ExperimentConfig
from regenesis.experiments.directory import ExperimentDirectory
from regenesis.experiments.results import FinishedRun, NotFinished, read_run
from regenesis.report.text import in_a_line
from regenesis.store.directory import RunDirectory

_VARIED = frozenset({"training tasks"})
"""What cells are not alike in on purpose."""


def collect(experiment: ExperimentConfig, root: str | Path) -> Comparison | None:
    """Compares the cells of an experiment that are finished; `None` while none is.

    Raises:
        ConfigError: The parts of a cell do not go together.
        RunError: A finished cell is damaged.
    """
    found = cells(experiment, root)
    runs, missing = read_cells([cell for cell in found if not _kept_nothing(cell)])
    if not runs:
        return None
    return compare_runs(
        runs,
        baselines=experiment.baselines,
        equal=experiment.equal,
        caveats=[*_without_rows(found), *caveats(runs, but=_VARIED), *_unequal(runs, experiment.equal)],
        missing=missing,
    )


def collect_folder(folder: Path, baselines: Sequence[str] | None = None) -> Comparison:
    """Compares the finished cells in an experiment's folder.

    Args:
        folder: The folder.
        baselines: Labels of the methods to compare with, in place of those that the experiment says.

    Raises:
        ConfigError: A baseline is no method of the experiment.
        RunError: No cell is finished, or something is damaged.
    """
    experiment = ExperimentDirectory(folder).frozen()
    if experiment is None:
        raise RunError(f"{folder}: is not the folder of an experiment (it has no experiment.yaml).")
    unknown = [label for label in baselines or () if label not in experiment.methods]
    if unknown:
        raise ConfigError(f"--baseline {unknown[0]}: is none of {', '.join(experiment.methods)}.")
    if baselines:
        experiment = experiment.model_copy(update={"baselines": list(baselines)})
    comparison = collect(experiment, folder)
    if comparison is None:
        raise RunError(f"{folder}: no model is trained and evaluated yet. Go on with `regenesis compare`.")
    return comparison


def read_cells(some: Sequence[Cell]) -> tuple[list[FinishedRun], list[str]]:
    """The finished ones among some cells, methods in their order, and the names of the others.

    Raises:
        RunError: A finished cell is damaged.
    """
    runs, missing = [], []
    for cell in some:
        try:
            run = read_run(cell.directory, label=cell.method, train_on=cell.train_on)
        except NotFinished:
            run = None
        if run is not None and run.complete and run.up_to_date:
            runs.append(run)
        else:
            missing.append(_name(cell))
    return runs, missing


def _name(cell: Cell) -> str:
    return f"{cell.method}, {cell.train_on}, seed {cell.seed}"


def _kept_nothing(cell: Cell) -> bool:
    """Whether the synthesis of a cell is finished and there is nothing to train on."""
    directory = RunDirectory(cell.directory)
    return (directory.dataset / CARD).is_file() and not directory.has_rows()


def _without_rows(some: Sequence[Cell]) -> Iterator[str]:
    for cell in some:
        if _kept_nothing(cell):
            yield f"{in_a_line(_name(cell), 100)}: kept no paths, so there is no model."


def _unequal(runs: Sequence[FinishedRun], equal: Equal) -> Iterator[str]:
    """Where what was to be equal is not."""
    if equal != "examples":
        return
    for train_on, seed in dict.fromkeys((run.train_on, run.seed) for run in runs):
        rows = {run.label: run.training.rows for run in runs if (run.train_on, run.seed) == (train_on, seed)}
        if len(set(rows.values())) > 1:
            listed = ", ".join(f"{in_a_line(label, 40)} {count:,}" for label, count in rows.items())
            yield f"{in_a_line(train_on, 40)}, seed {seed}: not the same number of rows ({listed})."
