from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from regenesis.scheduling.collecting import collecting_seldom


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_garbage_is_looked_for_seldom_within_the_block_alone() -> None:
    gc.set_threshold(700, 10, 10)
    within = []

    def stop() -> None:
        within.append(gc.get_threshold())
        raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"), collecting_seldom():
        stop()
    assert within[0][0] > 700
    assert within[0][1:] == (10, 10)
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("chosen", [0, 1_000_000])
def test_what_somebody_chose_for_a_reason_stays(chosen: int) -> None:
    gc.set_threshold(chosen, 10, 10)
    with collecting_seldom():
        assert gc.get_threshold()[0] == chosen
