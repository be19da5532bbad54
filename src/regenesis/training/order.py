"""The order of rows in each pass over the data, the same for any number of processes.

    order = RowOrder(rows=45, fillers=3, seed=0)      # 48: even shares for 2 processes with 2 rows at once, say
    order.set_epoch(1)
    list(order)                                       # 45 rows shuffled, then 45, 46, 47

Each batch of a step goes to one process after another, so the last ones of an epoch must divide evenly. accelerate
repeats rows from the beginning of the epoch there, which trains on them twice as often as a single process does; here
rows without supervised tokens stand in, and a loss that is divided by all supervised tokens of a step sees none of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from regenesis.training.rows import IGNORED

if TYPE_CHECKING:
    from datasets import Dataset

_LENGTH = 2
"""Tokens of a filler: one to predict from and one that is not counted."""


class RowOrder:
    """Row numbers, shuffled anew for each epoch, with the numbers of the fillers last."""

    def __init__(self, rows: int, fillers: int, seed: int) -> None:
        self._rows, self._fillers, self._seed = rows, fillers, seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch whose order comes next; the trainer calls it, on a resume too."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._rows + self._fillers

    def __iter__(self) -> Iterator[int]:
        order = list(range(self._rows))
        # a string seed is hashed with SHA-512 by `random`, so the order is the same on every platform
        random.Random(f"{self._seed} {self._epoch}").shuffle(order)
        yield from order
        yield from range(self._rows, len(self))


def with_fillers(dataset: Dataset, batch: int) -> Dataset:
    """A dataset with rows without supervised tokens at its end, so many that batches of all processes divide evenly.

    Args:
        dataset: Token ids and labels, packed or not.
        batch: Rows that all processes take at once.
    """
    from datasets import concatenate_datasets

    missing = -len(dataset) % batch  # rows up to the next multiple
    if not missing:
        return dataset
    filler = {name: _filled(name, value) for name, value in dataset[0].items()}
    columns = {name: [value] * missing for name, value in filler.items()}
    return concatenate_datasets([dataset, type(dataset).from_dict(columns, features=dataset.features)])


def _filled(name: str, value: Any) -> Any:
    if name == "labels":
        return [IGNORED] * _LENGTH
    if name == "seq_lengths":
        return [_LENGTH]
    return value[:_LENGTH] if isinstance(value, list) else value
