"""Gold answers that name an option by its position: whether a column holds those, and from where it counts.

    first_position(cells_and_choices)   # 0, 1, or None where the column names options by label or text

One cell cannot tell: `1` may be the first option or the second, or an option whose text is 1. The whole column can.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from regenesis.tasks.rows import RowError
from regenesis.types import Choice

_WHOLE = re.compile(r"(?:(?:option|choice|answer)[ _]*)?\(?[+]?0*([0-9]{1,4})(?:\.0*)?[).:]?", re.IGNORECASE)
# how datasets write the answer of a question that they hold back
_HELD_BACK = re.compile(r"-0*1(?:\.0*)?")


class AmbiguousPositionsError(ValueError):
    """The column holds positions, and no row tells from where they count."""


def position_in(cell: Any) -> int | None:
    """The whole number that a cell is in any spelling: `1`, `1.0`, `"01"`, `"(1)"`, `"option 1"`."""
    if isinstance(cell, bool) or cell is None:
        return None
    match = _WHOLE.fullmatch(str(cell).strip())
    return int(match[1]) if match else None


def named_option(cell: Any, choices: tuple[Choice, ...]) -> str | None:
    """The label of the option that a cell names by label or text."""
    wanted = str(cell).strip().casefold()
    bare = wanted.removeprefix("(").rstrip(").:").strip()
    for choice in choices:
        if choice.label.casefold() == bare or choice.text.casefold() == wanted:
            return choice.label
    return None


def first_position(rows: Iterable[tuple[Any, tuple[Choice, ...]]]) -> int | None:
    """The position of the first option, 0 or 1; `None` if the cells are no positions.

    Args:
        rows: Gold cell and options of each row; read no further than is needed.

    Raises:
        AmbiguousPositionsError: They are positions, and no row tells from where they count.
    """
    elsewhere = first = last = numbers = named = False
    for cell, choices in rows:
        if cell is None or not choices or not str(cell).strip() or _HELD_BACK.fullmatch(str(cell).strip()):
            continue
        position = position_in(cell)
        if position is None or position > len(choices):
            return None
        numbers = numbers or not isinstance(cell, str)
        named = named or any(character.isalpha() or character in "().:" for character in str(cell).removesuffix(".0"))
        elsewhere = elsewhere or named_option(cell, choices) is None
        first, last = first or position == 0, last or position == len(choices)
        if elsewhere and (first or last):
            return 0 if first else 1
    if not elsewhere:
        return None
    if named:
        return 1  # nobody calls the first one "option 0" or "(0)"
    if numbers:
        return 0  # as tables that know numbers from text usually count
    raise AmbiguousPositionsError


def label_at(cell: Any, options: tuple[Choice, ...], first: int | None) -> Any:
    """The label of the option that a gold cell names by its position or by a row of flags, else the cell.

    Args:
        cell: The gold cell.
        options: The options of its row.
        first: The position of the first option, as `first_position` says.

    Raises:
        RowError: Its flags mark none of the options, or several.
    """
    if isinstance(cell, list) and len(cell) == len(options) and all(flag in (0, 1) for flag in cell):
        right = [option.label for option, flag in zip(options, cell, strict=True) if flag]
        if len(right) != 1:
            raise RowError(f"marks {len(right)} of its options as correct")
        return right[0]
    position = position_in(cell) if first is not None else None
    if position is None or first is None or not 0 <= position - first < len(options):
        return cell
    return options[position - first].label
