"""Figures rounded for people, never in anybody's favour.

percent(Fraction(999, 1000))    # "99.9"
p_text(Fraction(1, 10**9))      # "<0.001"

Shares are rounded half to even on exact fractions. What is not all is never shown as 100, nor what is not nothing as
0. Ends of intervals are rounded outwards and p values upwards, so that no figure looks surer than it is.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regenesis.evaluation.statistics import Interval

_TENTHS_OF_A_PERCENT = 1000
_P_STEPS = 1000


def percent(share: Fraction) -> str:
    """A share between 0 and 1 in percent, to one decimal."""
    tenths = round(share * _TENTHS_OF_A_PERCENT)
    if tenths == _TENTHS_OF_A_PERCENT and share < 1:
        tenths -= 1
    if tenths == 0 and share > 0:
        return "<0.1"
    return f"{tenths / 10:.1f}"


def points(difference: Fraction) -> str:
    """A difference of two shares in percentage points, signed, to one decimal."""
    tenths = round(abs(difference) * _TENTHS_OF_A_PERCENT)
    if difference == 0:
        return "0.0"
    sign = "+" if difference > 0 else "−"
    return f"{sign}{tenths / 10:.1f}" if tenths else f"{sign}<0.1"


def share_range(interval: Interval) -> str:
    """An interval of a share, in percent: `81.2–93.0`."""
    low, high = _outwards(interval)
    return f"{max(low, 0) / 10:.1f}–{min(high, _TENTHS_OF_A_PERCENT) / 10:.1f}"


def points_range(interval: Interval) -> str:
    """An interval of a difference, in percentage points: `−1.3 to +4.0`."""
    return " to ".join(
        "0.0" if end == 0 else f"{'+' if end > 0 else '−'}{abs(end) / 10:.1f}" for end in _outwards(interval)
    )


def _outwards(interval: Interval) -> tuple[int, int]:
    return (
        math.floor(interval.low * _TENTHS_OF_A_PERCENT),
        math.ceil(interval.high * _TENTHS_OF_A_PERCENT),
    )


def p_text(value: Fraction) -> str:
    """A p value to three decimals."""
    steps = math.ceil(value * _P_STEPS)
    return "<0.001" if value * _P_STEPS < 1 else f"{steps / _P_STEPS:.3f}"
