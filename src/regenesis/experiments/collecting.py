"""The comparison that an experiment has come to so far, of the cells that are finished.

comparison = collect(experiment, "experiments/x")
comparison.missing      # ["star, gsm8k, seed 1"]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from regenesis.experiments.caveats import caveats
from regenesis.experiments.cells import Cell, cells
from regenesis.experiments.comparing import Comparison, compare_runs
from regenesis.experiments.config import Equal, ExperimentConfig
from regenesis.experiments.results import FinishedRun, NotFinished, read_run
from regenesis.report.text import in_a_line

_VARIED = frozenset({"training tasks"})
"""What cells are not alike in on purpose."""


def collect(experiment: ExperimentConfig, root: str | Path) -> Comparison | None:
    """Compares the cells of an experiment that are finished; `None` while none is.

    Raises:
        ConfigError: The parts of a cell do not go together.
        RunError: A finished cell is damaged.
    """
    runs, missing = read_cells(cells(experiment, root))
    if not runs:
        return None
    return compare_runs(
        runs,
        baselines=experiment.baselines,
        equal=experiment.equal,
        caveats=[*caveats(runs, but=_VARIED), *_unequal(runs, experiment.equal)],
        missing=missing,
    )


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
            missing.append(f"{cell.method}, {cell.train_on}, seed {cell.seed}")
    return runs, missing


def _unequal(runs: Sequence[FinishedRun], equal: Equal) -> Iterator[str]:
    """Where what was to be equal is not."""
    if equal != "examples":
        return
    for train_on, seed in dict.fromkeys((run.train_on, run.seed) for run in runs):
        rows = {run.label: run.training.rows for run in runs if (run.train_on, run.seed) == (train_on, seed)}
        if len(set(rows.values())) > 1:
            listed = ", ".join(f"{in_a_line(label, 40)} {count:,}" for label, count in rows.items())
            yield f"{in_a_line(train_on, 40)}, seed {seed}: not the same number of rows ({listed})."
