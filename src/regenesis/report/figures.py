"""Figures as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def duration(seconds: float) -> str:
    """`8 s`, `4 min 05 s`, `2 h 10 min`, `3 d 4 h`."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, left = divmod(minutes, 60)
    days, over = divmod(hours, 24)
    if days:
        return f"{days} d {over} h"
    if hours:
        return f"{hours} h {left:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def share(part: float, whole: float) -> str:
    """`42 %`, or `–` of nothing."""
    return f"{round(100 * part / whole)} %" if whole else "–"


def rounded(number: float) -> str:
    """`9,876`, `123 k`, `4.5 M`, `1.2 G`: all digits of a small number, two or three of a large one."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= (size if size > 1e3 else 10 * size):
            return f"{number / size:.1f} {unit}" if number < 100 * size else f"{number / size:,.0f} {unit}"
    return f"{round(number):,}"


def counted(number: int, noun: str) -> str:
    """`1 question`, `1,234 questions`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def in_words(name: str) -> str:
    """A name made for counting, as words: `near_duplicate` → `near duplicate`."""
    return name.replace("_", " ")


def value_text(value: Any) -> str:
    """A value of a config or a record: `yes`, `1,234`, `0.0001`, `rank = 16, alpha = 32`, `–` for none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {value_text(item)}" for name, item in value.items() if item is not None)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(value_text, value))
    return str(value)
