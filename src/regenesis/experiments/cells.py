"""The cells of an experiment: method × training set × seed, each an ordinary run in a folder of its own.

for cell in cells(experiment, "experiments/x"):
    cell.directory      # experiments/x/cells/gsm8k/star/seed-0
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from regenesis.config import RunConfig
from regenesis.experiments.config import ExperimentConfig, cell_config


@dataclass(frozen=True, slots=True)
class Cell:
    """One method on one training set with one seed.

    Attributes:
        method: The method's label.
        train_on: The training set's name.
        seed: The seed.
        directory: Its run folder.
        config: Its run's config, as the experiment states it: the common number of rows or tokens comes into the
            folder's own config once it is known.
    """

    method: str
    train_on: str
    seed: int
    directory: Path
    config: RunConfig


def cells(experiment: ExperimentConfig, root: str | Path) -> list[Cell]:
    """All cells, in the order they are worked on: every prefix of it is a result.

    All methods on the first training set come first, then the other training sets, then the next seed.

    Raises:
        ConfigError: The parts of a cell do not go together.
    """
    return [
        Cell(
            method,
            train_on.name,
            seed,
            Path(root) / "cells" / train_on.label / method / f"seed-{seed}",
            cell_config(experiment, method, train_on.name, seed),
        )
        for seed in experiment.seeds
        for train_on in experiment.train_on
        for method in experiment.methods
    ]
