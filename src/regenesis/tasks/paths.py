"""Values inside nested columns, by dotted names: `reward_model.ground_truth`, `prompt[0].content`, `turns[-1]`.

A column that is itself called so comes first. Columns that hold their structure as text are read on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from regenesis.tasks.literals import read_literal
from regenesis.tasks.rows import RowError, shorten

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(-?[0-9]{1,6})\]|\[(['\"])(.+?)\3\]")
_DEEPEST = 4
# members of a list that names are offered for
_FIRST_FEW = 3


def value_at(row: Mapping[str, Any], name: str) -> Any:
    """The value of a column or of a part of one; what is missing inside an empty column is `None`.

    Raises:
        RowError: There is no such column or part.
    """
    if name in row:
        return row[name]
    steps = _steps(name)
    if not steps or steps[0] not in row:
        raise RowError(f"has no column `{name}`; it has {', '.join(map(str, row)) or 'none'}")
    value = row[steps[0]]
    for step in steps[1:]:
        if isinstance(value, str):
            value = _structure(value, name)
        if value is None:
            return None
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError) as error:
            raise RowError(f"has no `{name}` (there is {shorten(value)})") from error
    return value


def _structure(text: str, name: str) -> Any:
    try:
        return read_literal(text)
    except ValueError as error:
        raise RowError(f"has no `{name}` (there is the text {shorten(text)})") from error


def _steps(name: str) -> list[Any]:
    steps: list[Any] = []
    at = 0
    while at < len(name):
        match = _STEP.match(name, at)
        if match is None:
            return []
        steps.append(int(match[2]) if match[2] else match[1] or match[4])
        at = match.end()
    return steps


def last_step(name: str) -> str:
    """The name of the innermost part: `ground_truth` of `reward_model.ground_truth`."""
    named = [step for step in _steps(name) if isinstance(step, str)]
    return named[-1] if named else name


def first_step(name: str, columns: Sequence[str]) -> str:
    """The column that a name lies in."""
    return name if name in columns else str((_steps(name) or [name])[0])


def nested_names(rows: Iterable[Mapping[str, Any]], *, lists: bool = False) -> list[str]:
    """Dotted names of everything inside the columns of some rows.

    Args:
        rows: The rows.
        lists: Whether members of lists are named too.
    """
    found: dict[str, None] = {}
    for row in rows:
        for column, value in row.items():
            found.update(dict.fromkeys(_inside(str(column), value, lists, 1)))
    return list(found)


def _inside(name: str, value: Any, lists: bool, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = read_literal(value)
        except ValueError:
            return
    parts: list[tuple[str, Any]] = []
    if isinstance(value, Mapping):
        parts = [(f"{name}.{key}", part) for key, part in value.items() if isinstance(key, str)]
    elif lists and isinstance(value, list):
        parts = [(f"{name}[{at}]", part) for at, part in enumerate(value[:_FIRST_FEW]) if isinstance(part, Mapping)]
    for part_name, part in parts:
        yield part_name
        yield from _inside(part_name, part, lists, depth + 1)
