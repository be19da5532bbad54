"""The cells of an experiment that are finished, as a comparison.

comparison = compare_cells(experiment, finished=[…], missing=[…])
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from regenesis.experiments.caveats import caveats
from regenesis.experiments.cells import Cell
from regenesis.experiments.comparing import Comparison, compare_runs
from regenesis.experiments.config import ExperimentConfig
from regenesis.experiments.results import read_run


def compare_cells(
    experiment: ExperimentConfig,
    finished: Sequence[Cell],
    missing: Iterable[Cell] = (),
    notes: Sequence[str] = (),
) -> Comparison | None:
    """Compares the finished cells of an experiment; nothing where there are none.

    Args:
        experiment: The experiment.
        finished: The cells that are evaluated.
        missing: The cells that are not.
        notes: What else the reader should know.

    Raises:
        RunError: A cell is damaged.
    """
    runs = [read_run(cell.directory, label=cell.method, train_on=cell.train_on) for cell in finished]
    if not runs:
        return None
    there = {run.label for run in runs}
    baselines = None if experiment.baselines is None else [label for label in experiment.baselines if label in there]
    return compare_runs(
        runs,
        baselines=baselines,
        equal=experiment.equal,
        caveats=[*caveats(runs), *notes],
        missing=[f"{cell.method}, trained on {cell.train_on}, seed {cell.seed}" for cell in missing],
    )
