from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.evaluation.statistics import Interval
from regenesis.report.rounding import p_text, percent, points, points_range, share_range


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (Fraction(1), "100.0"),
        (Fraction(999, 1000), "99.9"),
        (Fraction(99999, 100000), "99.9"),
        (Fraction(0), "0.0"),
        (Fraction(1, 100000), "<0.1"),
        (Fraction(1, 3), "33.3"),
        # half to even, on the fraction itself and not on its nearest float
        (Fraction(4245, 10000), "42.4"),
        (Fraction(4255, 10000), "42.6"),
        (Fraction(4245, 10000) + Fraction(1, 10**30), "42.5"),
    ],
)
def test_a_share_in_percent(share: Fraction, shown: str) -> None:
    assert percent(share) == shown


@pytest.mark.parametrize(
    ("difference", "shown"),
    [
        (Fraction(0), "0.0"),
        (Fraction(1, 40), "+2.5"),
        (Fraction(-1, 40), "−2.5"),
        (Fraction(1, 10**6), "+<0.1"),
        (Fraction(-1, 10**6), "−<0.1"),
        (Fraction(25, 10000), "+0.2"),
    ],
)
def test_a_difference_in_points(difference: Fraction, shown: str) -> None:
    assert points(difference) == shown


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (Fraction(1), "1.000"),
        (Fraction(1, 10**9), "<0.001"),
        (Fraction(1, 1000), "0.001"),
        (Fraction(499, 10000), "0.050"),
        (Fraction(5001, 100000), "0.051"),
    ],
)
def test_a_p_value_is_never_made_smaller(p: Fraction, shown: str) -> None:
    assert p_text(p) == shown


def test_an_interval_that_holds_0_is_not_shown_as_one_that_does_not() -> None:
    assert points_range(Interval(-0.0001, 0.04)) == "−0.1 to +4.0"
    assert points_range(Interval(0.0, 0.04)) == "0.0 to +4.0"
    assert points_range(Interval(0.0001, 0.04)) == "0.0 to +4.0"


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_shown_interval_of_a_share_is_no_narrower(left: float, right: float) -> None:
    low, high = sorted((left, right))
    shown_low, shown_high = (float(end) for end in share_range(Interval(low, high)).split("–"))
    assert shown_low / 100 <= low + 1e-9
    assert high - 1e-9 <= shown_high / 100 <= 1
