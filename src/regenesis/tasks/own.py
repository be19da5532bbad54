"""The user's own questions: finding which columns of a file or dataset hold question, gold answer, id and options.

What the config's `fields` says wins; for the rest the usual column names are tried, and what the columns hold is looked
at. Where two columns could be meant, or options would be left out, the user is asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regenesis.errors import TaskError
from regenesis.tasks.choices import read_choices
from regenesis.tasks.column_names import fold
from regenesis.tasks.config import TaskConfig
from regenesis.tasks.fields import (
    Found,
    check_fields,
    find_choices,
    find_gold,
    find_group,
    find_id,
    find_solution,
    find_text,
)
from regenesis.tasks.positions import AmbiguousPositionsError, first_position, label_at
from regenesis.tasks.recipes import Recipe
from regenesis.tasks.rows import Row, RowError, RowSource
from regenesis.tasks.table import Table
from regenesis.tasks.templates import Reader, as_variable
from regenesis.tasks.unused import check_options, notes_on
from regenesis.types import Choice

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
        TaskError: There are no rows or they cannot be read, a field is unknown, a column is not there, or which of
            several is meant cannot be told.
    """
    if task.kind == "scorer":
        raise TaskError(
            f"{task.name}: kind `scorer` is only for reasoning-gym tasks; choose another kind for your own answers."
        )
    check_fields(task.name, task.fields)
    rows = source.read()
    head = list(itertools.islice(rows, _LOOKED_AT))
    table = _table(source.origin, head)
    text = find_text(task.fields, table)
    choices = find_choices(task.fields, table, text)
    gold = find_gold(task.fields, table, text, choices)
    row_id = find_id(task.fields, table)
    group = find_group(task.fields, table)
    found = [one for one in (text, gold, choices, row_id, group) if one]
    used = {column for one in found for column in one.columns}
    unused = tuple(column for column in table.columns if column not in used)
    if task.kind in ("auto", "choice") and "choices" not in task.fields:
        check_options(table, unused, gold, choices)
    told = ["; ".join(note for one in found for note in one.told)]
    reader = gold.reader if gold else None
    if gold and choices:
        reader, counted = _by_options(source, table, gold, choices)
        told.append(counted)
    told += notes_on(table, unused, text, gold)
    # looked for last, among what is left: nothing that is asked or graded depends on it
    solution = find_solution(task.fields, table, used)
    if solution:
        told += solution.told
        unused = tuple(column for column in unused if column not in solution.columns)
    return OwnTable(
        itertools.chain(head, rows),
        Recipe(
            text.reader,
            reader,
            task.kind,
            row_id.reader if row_id else None,
            choices.reader if choices else None,
            cell=gold.reader if gold else None,
            solution=solution.reader if solution else _nothing if "solution" in task.fields else None,
            group=group.reader if group else None,
        ),
        unused,
        (*source.notes, *(f"{task.name}: {note}" for note in told if note)),
    )


def _nothing(row: Mapping[str, Any]) -> None:
    return None


def _table(origin: str, head: list[Row]) -> Table:
    if not head:
        raise TaskError(f"{origin}: contains no rows.")
    columns = list(dict.fromkeys(str(name) for row in head for name in row.values))
    if not columns:
        raise TaskError(
            f"{origin}: none of its first {len(head)} rows can be read; line {head[0].line} {head[0].fault}."
        )
    return Table(origin, columns, [row.values for row in head if row.fault is None])


def _by_options(source: RowSource, table: Table, gold: Found, choices: Found) -> tuple[Reader, str]:
    """Reads gold answers that name an option by its column, by its position or by a row of flags, as its label."""
    try:
        first = first_position(_cells(source, gold, choices))
    except AmbiguousPositionsError:
        name = as_variable(gold.name, table.columns)
        raise TaskError(
            f"{table.origin}: `{gold.name}` names options by position, and no row tells whether the first is 0 or 1. "
            f'Set one: fields: {{gold: "{{{{ {name} | int | letter }}}}"}} if it is 0, '
            f'fields: {{gold: "{{{{ ({name} | int - 1) | letter }}}}"}} if it is 1.'
        ) from None

    def read(row: Mapping[str, Any]) -> Any:
        cell = gold.reader(row)
        named = _column_label(cell, choices)
        if named or cell is None or (first is None and not isinstance(cell, list)):
            return named or cell
        options = read_choices(choices.reader(row))
        return label_at(cell, options, first) if options else cell

    counted = "" if first is None else f"`{gold.name}` holds positions of options, the first being {first}"
    return read, counted


def _cells(source: RowSource, gold: Found, choices: Found) -> Iterator[tuple[Any, tuple[Choice, ...]]]:
    for row in source.read():
        try:
            if row.fault is None:
                cell = gold.reader(row.values)
                yield _column_label(cell, choices) or cell, read_choices(choices.reader(row.values))
        except RowError:
            continue  # said when a question is made of it


def _column_label(cell: Any, choices: Found) -> str | None:
    """The label of the option whose column a gold cell names."""
    return choices.labels.get(fold(cell)) if choices.labels and isinstance(cell, str) else None
