"""Options spread over columns, one each: `A, B, C, D`, `option_a …`, `choice1 …`, `opa …`, `ending0 …`.

option_columns(["question", "opa", "opb", "opc", "cop"])   # [["opa", "opb", "opc"]]
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from regenesis.tasks.column_names import fold
from regenesis.tasks.kinds import option_letter
from regenesis.tasks.rows import RowError
from regenesis.tasks.templates import Reader, field_reader

_BEFORE = re.compile(
    r"(option|options|opt|op|choice|choices|ch|answer|ans|ending|alternative|alt|candidate|candidateanswer|sol|solution|"
    r"answeroption|answerchoice|hypothesis|hyp|)([a-j]|[0-9])"
)
_BEHIND = re.compile(r"([a-j])(option|choice|answer)")
_WRONG = re.compile(r"(distractor|incorrectanswer|wronganswer|falseanswer|incorrect|wrong)s?[0-9a-j]?")


def option_columns(columns: Sequence[str]) -> list[list[str]]:
    """Groups of columns that hold one option each, in the options' order."""
    groups: dict[str, dict[str, str]] = {}
    for column in columns:
        named = _stem_and_mark(column)
        if named:
            groups.setdefault(named[0], {}).setdefault(named[1], column)
    return [ordered for marks in groups.values() if len(ordered := _in_order(marks)) > 1]


def _stem_and_mark(column: str) -> tuple[str, str] | None:
    """What a column is called and which option it is: `option` and `b`."""
    folded = fold(column)
    match = _BEFORE.fullmatch(folded)
    if match:
        # a number alone names no option
        return None if match[2].isdigit() and not match[1] else (match[1] + match[2].isdigit() * "#", match[2])
    match = _BEHIND.fullmatch(folded)
    return (match[2], match[1]) if match else None


def _in_order(marks: Mapping[str, str]) -> list[str]:
    first = next((mark for mark in ("a", "0", "1") if mark in marks), None)
    found: list[str] = []
    while first is not None and (column := marks.get(chr(ord(first) + len(found)))) is not None:
        found.append(column)
    return found


def wrong_option_columns(columns: Sequence[str]) -> list[str]:
    """Columns that hold wrong options, beside which the right answer is one more."""
    return [column for column in columns if _WRONG.fullmatch(fold(column))]


def several_columns(columns: Sequence[str]) -> Reader:
    """Reads one option a column, labelled by the column's name if that is one character; empty cells are none.

    A row of a JSON file that lacks a column has no such option.
    """
    readers = [(name, field_reader(name)) for name in columns]
    own_labels = all(len(name) == 1 for name in columns)

    def read(row: Mapping[str, Any]) -> dict[str, Any] | list[Any]:
        cells = []
        for name, reader in readers:
            cell = None
            with suppress(RowError):
                cell = reader(row)
            cells.append((name, cell))
        return dict(cells) if own_labels else [cell for _, cell in cells]

    return read


def labels_of(columns: Sequence[str]) -> dict[str, str]:
    """The labels of options by what their columns are called, for gold answers such as `option_b`."""
    if all(len(name) == 1 for name in columns):
        return {}
    return {fold(name): option_letter(index) for index, name in enumerate(columns)}
