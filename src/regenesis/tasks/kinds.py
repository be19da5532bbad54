"""What a template may ask of a value: whether it is a number, and which letter an option has."""

from __future__ import annotations

import math
from typing import Any

from regenesis.answers.gold.columns import is_plain_number


def is_number(value: Any) -> bool:
    """Whether `value` is a finite number or a text that is one: `1,000`, `$18.50`, `-3/4`, `5 1/2`, `50%`, `1e8`."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return math.isfinite(value)
    return isinstance(value, str) and is_plain_number(value)


def option_letter(index: int) -> str:
    """`A` for 0 to `Z` for 25.

    Raises:
        ValueError: There is no such letter.
    """
    if not 0 <= index < 26:
        raise ValueError(f"there is no letter for option {index}")
    return chr(ord("A") + index)
