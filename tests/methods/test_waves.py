"""How many chains a question starts next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.methods.waves import _surplus, _wave

FEW = st.integers(0, 12)


@pytest.mark.parametrize(
    ("missing", "kept", "lost", "wave"),
    [
        (2, 0, 0, 2),  # nothing is known: what is missing
        (1, 1, 0, 1),
        (1, 1, 1, 1),
        (2, 0, 2, 3),  # the more were lost, the less a surplus is to be expected
        (2, 0, 4, 4),
        (1, 1, 7, 1),
        (5, 0, 0, 4),  # never more than a wave
    ],
)
def test_a_wave_is_what_is_missing_and_more_where_hardly_any_would_be_surplus(
    missing: int, kept: int, lost: int, wave: int
) -> None:
    assert _wave(missing, kept, lost, most=4) == wave


@given(st.integers(1, 12), FEW, FEW, st.integers(1, 12))
def test_a_wave_lies_between_what_is_missing_and_the_most_allowed(
    missing: int, kept: int, lost: int, most: int
) -> None:
    assert min(missing, most) <= _wave(missing, kept, lost, most) <= most
    assert _wave(missing, kept, lost, most) <= _wave(missing, kept, lost + 1, most)


@given(FEW, FEW, FEW)
def test_with_nothing_missing_all_that_would_be_kept_is_surplus(paths: int, kept: int, lost: int) -> None:
    assert _surplus(paths, 0, kept, lost) == pytest.approx(paths * (kept + 1) / (kept + lost + 2))


@given(FEW, FEW, FEW)
def test_as_many_paths_as_are_missing_hold_no_surplus(paths: int, kept: int, lost: int) -> None:
    assert _surplus(paths, paths, kept, lost) == 0
