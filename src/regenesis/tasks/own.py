"""The user's own questions: finding which columns of a file or data set hold question, gold answer, id and options.

What the config's `fields` says wins; for the rest the usual column names are tried.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regenesis.config import TaskConfig
from regenesis.errors import TaskError
from regenesis.tasks.recipes import Recipe
from regenesis.tasks.rows import Row, RowSource
from regenesis.tasks.templates import Reader, field_reader, is_template

USUAL_NAMES = {
    "text": ("question", "text", "prompt", "problem"),
    "gold": ("answer", "gold", "target", "solution"),
    "id": ("id", "uid", "qid"),
    "choices": ("choices", "options"),
}

# rows looked at for their columns, since JSON rows need not all have the same ones
_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A table of the user's own, understood.

    Attributes:
        rows: Its rows, from the first.
        recipe: How one of them becomes a question.
        unused: Columns that no field reads.
        notes: What a user should check.
    """

    rows: Iterator[Row]
    recipe: Recipe
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_own(task: TaskConfig, source: RowSource) -> OwnTable:
    """Finds out which columns hold what.

    Args:
        task: What the config says of them.
        source: Where the rows are.

    Raises:
        TaskError: There are no rows or they cannot be read, a field is unknown, or a column is not there.
    """
    if task.kind == "scorer":
        raise TaskError(
            f"{task.name}: kind `scorer` is for reasoning-gym tasks; answers of your own are compared by another kind."
        )
    origin, rows = source.origin, source.read()
    head = list(itertools.islice(rows, _LOOKED_AT))
    if not head:
        raise TaskError(f"{origin}: holds no rows.")
    columns = list(dict.fromkeys(str(name) for row in head for name in row.values))
    if not columns:
        raise TaskError(
            f"{origin}: none of its first {len(head)} rows can be read; line {head[0].line} {head[0].fault}."
        )
    return OwnTable(itertools.chain(head, rows), _recipe(task, origin, columns), notes=source.notes)


def _recipe(task: TaskConfig, origin: str, columns: Sequence[str]) -> Recipe:
    for field in task.fields:
        if field not in USUAL_NAMES:
            close = difflib.get_close_matches(field, USUAL_NAMES, n=1) or list(USUAL_NAMES)
            raise TaskError(f"{task.name}: `fields` does not know {field!r}; it knows {', '.join(close)}.")
    readers = {field: _reader(task, origin, field, columns) for field in USUAL_NAMES}
    if readers["text"] is None:
        raise TaskError(
            f"{origin}: no column is called {', '.join(USUAL_NAMES['text'])}; it has {', '.join(columns)}. "
            f"Say which holds the question: fields: {{text: <column>}}."
        )
    return Recipe(readers["text"], readers["gold"], task.kind, readers["id"], readers["choices"])


def _reader(task: TaskConfig, origin: str, field: str, columns: Sequence[str]) -> Reader | None:
    stated = task.fields.get(field)
    if stated is None:
        usual = next((name for name in USUAL_NAMES[field] if name in columns), None)
        return field_reader(usual) if usual else None
    if is_template(stated) or stated in columns:
        return field_reader(stated)
    parts = [part.strip() for part in stated.split(",")]
    if field == "choices" and len(parts) > 1 and set(parts) <= set(columns):
        return _several(parts)
    close = difflib.get_close_matches(stated, columns, n=1)
    hint = f"; did you mean `{close[0]}`?" if close else "."
    raise TaskError(f"{origin}: `fields.{field}` names the column {stated!r}; there are {', '.join(columns)}{hint}")


def _several(columns: Sequence[str]) -> Reader:
    """One option a column, labelled by the column's name if that is one character; empty cells are no options."""
    readers = [(name, field_reader(name)) for name in columns]
    own_labels = all(len(name) == 1 for name in columns)

    def read(row: Mapping[str, Any]) -> dict[str, Any] | list[Any]:
        filled = [
            (name, value)
            for name, value in ((name, reader(row)) for name, reader in readers)
            if value not in (None, "")
        ]
        return dict(filled) if own_labels else [value for _, value in filled]

    return read
