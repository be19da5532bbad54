"""The order of rows, and what stands in where they do not divide evenly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.training.order import RowOrder, with_fillers

SMALL = st.integers(0, 40)


@given(rows=SMALL, fillers=SMALL, seed=SMALL, epoch=SMALL)
def test_every_row_comes_once_and_the_fillers_last(rows: int, fillers: int, seed: int, epoch: int) -> None:
    order = RowOrder(rows, fillers, seed)
    order.set_epoch(epoch)
    numbers = list(order)
    assert sorted(numbers[:rows]) == list(range(rows))
    assert numbers[rows:] == list(range(rows, rows + fillers))
    assert len(order) == rows + fillers


@given(fillers=SMALL, epoch=SMALL)
def test_how_many_fillers_there_are_changes_no_order(fillers: int, epoch: int) -> None:
    orders = RowOrder(30, 0, 7), RowOrder(30, fillers, 7)
    for order in orders:
        order.set_epoch(epoch)
    assert list(orders[0]) == list(orders[1])[:30]


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = set()
    for seed in range(3):
        order = RowOrder(30, 0, seed)
        for epoch in range(3):
            order.set_epoch(epoch)
            orders.add(tuple(order))
    assert len(orders) == 9


@pytest.mark.parametrize(("rows", "batch", "expected"), [(45, 4, 48), (48, 4, 48), (1, 4, 4), (5, 1, 5)])
def test_fillers_make_batches_come_out_even_and_are_not_learned_from(rows: int, batch: int, expected: int) -> None:
    from datasets import Dataset

    plain = {"input_ids": [[1, 2, 3]] * rows, "labels": [[-100, 2, 3]] * rows}
    packed = {**plain, "seq_lengths": [[2, 1]] * rows}
    for columns in (plain, packed):
        filled = with_fillers(Dataset.from_dict(columns), batch)
        assert len(filled) == expected
        assert filled[:rows] == columns
        for filler in list(filled)[rows:]:
            assert set(filler["labels"]) == {-100}
            assert len(filler["input_ids"]) == len(filler["labels"]) == sum(filler.get("seq_lengths", [2]))
