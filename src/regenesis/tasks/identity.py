"""Ids of questions: `<task>/<split>/<row id>`, unique within a run and the same in every run.

A row that brings no id is known by a hash of its question, which neither edits elsewhere in the file nor a corrected
gold answer change. Rows with the same question get `-2`, `-3`, … in the order of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from regenesis.errors import TaskError
from regenesis.tasks.recipes import Draft
from regenesis.tasks.rows import Row, RowError
from regenesis.types import Question


class Identities:
    """Gives every draft of one task its id.

    Args:
        own_ids: Whether ids are the user's own: each row must have one, and no two the same. The ids of published
            datasets are taken as they come.
    """

    def __init__(self, own_ids: bool = False) -> None:
        self._own_ids = own_ids
        self._first_seen: dict[str, int] = {}
        self._latest: dict[str, int] = {}

    def assign(self, draft: Draft, row: Row) -> str:
        """The draft's row id.

        Raises:
            RowError: The row lacks an id although others have one.
            TaskError: The user's own id occurred before; the message names both lines.
        """
        if draft.row_id is None and self._own_ids:
            raise RowError("its id is empty")
        wanted = draft.row_id or hashlib.blake2b(draft.text.encode(), digest_size=6).hexdigest()
        if self._own_ids and wanted in self._first_seen:
            raise TaskError(
                f"{row.source}: lines {self._first_seen[wanted]} and {row.line} share the id {wanted!r}. "
                "Give every row its own id, or map `id` to another column."
            )
        unique, count = wanted, self._latest.get(wanted, 1)
        while unique in self._first_seen:
            count += 1
            unique = f"{wanted}-{count}"
        # from here the next one goes on: many rows may hold one question
        self._latest[wanted] = count
        self._first_seen[unique] = row.line
        return unique


def check_unique(questions: Sequence[Question], origins: Sequence[str]) -> None:
    """Makes sure that no id occurs twice in a run.

    Args:
        questions: All questions of the run.
        origins: For each of them, which entry of the config's `tasks` it came from, in words.

    Raises:
        TaskError: One does; the message names both entries.
    """
    seen: dict[str, str] = {}
    for question, origin in zip(questions, origins, strict=True):
        if question.id in seen:
            raise TaskError(
                f"The question {question.id!r} comes from {seen[question.id]} and again from {origin}. "
                "Make their rows disjoint (offset, limit), or give the tasks different names."
            )
        seen[question.id] = origin
