"""A table's first rows, to tell by what its columns hold.

table = Table("questions.csv", columns, rows)
table.cells("answer")          # [" … ", None, …]
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from regenesis.answers.gold import holds_working
from regenesis.tasks.chats import as_chat, question_in
from regenesis.tasks.choices import read_choices
from regenesis.tasks.column_names import fold
from regenesis.tasks.paths import last_step, nested_names
from regenesis.tasks.rows import RowError
from regenesis.tasks.templates import Reader, field_reader
from regenesis.types import Choice

# parts of an object that hold an answer
_ANSWER_PARTS = frozenset({"text", "value", "answer", "answers", "ground_truth", "final_answer", "target", "gold"})


class Table:
    """The first rows of a table of the user's own.

    Args:
        origin: The file or dataset, as named to the user.
        columns: Its columns, by name.
        rows: The rows looked at.
    """

    def __init__(self, origin: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        self.origin = origin
        self.columns = columns
        self.rows = rows

    @functools.cached_property
    def nested(self) -> list[str]:
        """Dotted names of what is inside the columns."""
        return nested_names(self.rows)

    def read(self, reader: Reader) -> list[Any]:
        """What a reader finds in each row; nothing for a row that it cannot read."""
        found = []
        for row in self.rows:
            value = None
            with suppress(RowError):
                value = reader(row)
            found.append(value)
        return found

    def cells(self, name: str) -> list[Any]:
        """The filled cells of a column."""
        return [value for value in self.read(field_reader(name)) if value is not None and value != ""]

    def holds_questions(self, name: str) -> bool:
        """Whether a column holds text or chats."""
        cells = self.cells(name)
        if all(isinstance(cell, str) for cell in cells):
            return any(cell.strip() for cell in cells)
        return any(isinstance(cell, str) or as_chat(cell) for cell in cells)

    def holds_answers(self, name: str) -> bool:
        """Whether a column holds what can be a gold answer in some row, or nothing at all."""
        cells = self.cells(name)
        objects = [cell for cell in cells if isinstance(cell, Mapping) and not _ANSWER_PARTS & cell.keys()]
        return not cells or len(objects) < len(cells)

    def holds_solutions(self, name: str) -> bool:
        """Whether a column holds working, not answers alone, in some row."""
        return any(isinstance(cell, str) and holds_working(cell) for cell in self.cells(name))

    def holds_ids(self, name: str) -> bool:
        """Whether a column names every row looked at, and no two alike."""
        cells = self.cells(name)
        plain = all(isinstance(cell, str | int) for cell in cells)
        return plain and len(cells) == len(self.rows) and len(set(cells)) == len(cells)

    def holds_options(self, name: str) -> bool:
        """Whether some row of a column holds options."""
        return any(self.options(field_reader(name)))

    def options(self, reader: Reader) -> list[tuple[Choice, ...]]:
        """The options of each row, none where they cannot be read."""
        found: list[tuple[Choice, ...]] = []
        for value in self.read(reader):
            choices: tuple[Choice, ...] = ()
            with suppress(RowError):
                choices = read_choices(value)
            found.append(choices)
        return found

    def knows(self, name: str) -> bool:
        """Whether a column or a part of one is called so in some row."""
        if name in self.columns:
            return True
        reader = field_reader(name)
        for row in self.rows:
            with suppress(RowError):
                reader(row)
                return True
        return False

    def nearest(self, name: str) -> str | None:
        """The column or part of one that a misspelt name may have meant."""
        known = [*self.columns, *nested_names(self.rows, lists=True)]
        for called in (fold, lambda one: fold(last_step(one))):
            by_name: dict[str, str] = {}
            for one in known:
                by_name.setdefault(called(one), one)
            close = difflib.get_close_matches(fold(name), by_name, n=1)
            if close:
                return by_name[close[0]]
        return None


def alike(table: Table, names: Iterable[str], shown: Callable[[Any], Any]) -> bool:
    """Whether columns say the same in every row looked at."""
    columns = [[shown(value) for value in table.read(field_reader(name))] for name in names]
    return all(column == columns[0] for column in columns[1:])


def as_question(value: Any) -> Any:
    """A cell as the question it asks: of a chat, its last turn of the user."""
    chat = as_chat(value)
    return value if chat is None else question_in(chat)
