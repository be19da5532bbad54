"""What templates ask of values."""

from __future__ import annotations

import pytest

from regenesis.tasks.kinds import is_number, option_letter

NUMBERS = ["18", "-3", "+4", "−5", "1,000", "1,234,567.89", "$18.00", "-$5", "72.", ".5", "1e8", "50%", "3/4", "-1/2"]
NUMBERS += ["5 1/2", " 7 ", "1 000", "0.0", "€3"]
NOT_NUMBERS = [
    "",
    " ",
    "9 (apples)",
    "1,00",
    "3/0",
    "12:30",
    "1.2.3",
    "two",
    "x",
    "5 6",
    "--5",
    "1e",
    "nan",
    "inf",
    "٣",
]


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_are_numbers(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize("value", [*NOT_NUMBERS, None, True, float("nan"), float("inf"), [1]])
def test_other_things_are_not(value: object) -> None:
    assert not is_number(value)


def test_letters_end_at_z() -> None:
    assert [option_letter(0), option_letter(25)] == ["A", "Z"]
    for index in (-1, 26):
        with pytest.raises(ValueError, match="no letter"):
            option_letter(index)
