from __future__ import annotations

import pytest

from regenesis.report.figures import counted, duration, rounded, share


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (65, "1 min 05 s"),
        (3600, "1 h 00 min"),
        (7805, "2 h 10 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_durations(seconds: float, written: str) -> None:
    assert duration(seconds) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0"),
        (9_876, "9,876"),
        (12_345, "12.3 k"),
        (123_456, "123 k"),
        (4_500_000, "4.5 M"),
        (123_400_000, "123 M"),
        (2_400_000_000, "2.4 G"),
    ],
)
def test_large_figures_are_rounded(number: float, written: str) -> None:
    assert rounded(number) == written


def test_a_share_of_nothing_is_no_number() -> None:
    assert (share(1, 3), share(0, 0)) == ("33 %", "–")


def test_one_of_something_is_singular() -> None:
    assert [counted(number, "path") for number in (0, 1, 1234)] == ["0 paths", "1 path", "1,234 paths"]
