"""A recipe says how a row becomes a question; the catalogue holds one a task, a user's file gets one from its config.

recipe = Recipe(text=field_reader("question"), gold=field_reader("answer"), kind="auto")
draft = recipe.draft(row)   # None for a row that is not of the wanted kind
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from regenesis.answers.gold import ALONE, Column, Gold, GoldError, NoGold, holds_working, look_at, read_gold
from regenesis.tasks.choices import read_choices, with_options
from regenesis.tasks.rows import RowError, shorten
from regenesis.tasks.templates import Reader
from regenesis.types import AnswerKind, Choice, storable

_LONGEST_GROUP = 40


@dataclass(frozen=True, slots=True)
class Draft:
    """A question that has no id yet.

    Attributes:
        row_id: What its own row calls it, if anything.
        text: The question with its options.
        gold: The gold answer as read, or why there is none.
        choices: The options.
        cell: What the row holds in place of `gold`.
        solution: The worked solution that the row holds.
        group: What the question shares with others.
    """

    row_id: str | None
    text: str
    gold: Gold | NoGold
    choices: tuple[Choice, ...]
    cell: Any = None
    solution: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a row becomes a question.

    Attributes:
        text: Reads the question.
        gold: Reads the gold answer; `None` where none is known.
        kind: How answers compare; `auto` tells it from choices and gold answer, row by row.
        id: Reads the row's own id.
        choices: Reads the options, in any shape that `read_choices` knows.
        where: Reads whether the row is of the wanted kind.
        column: What the gold column as a whole tells about cells that are ambiguous alone.
        cell: Reads what the row itself holds, to be shown, where `gold` makes something of it.
        solution: Reads the worked solution; where left out the gold cell is taken for one if it holds more than an
            answer.
        group: Reads what the question shares with others: a premise, passage, template or story.
    """

    text: Reader
    gold: Reader | None
    kind: AnswerKind | Literal["auto"]
    id: Reader | None = None
    choices: Reader | None = None
    where: Reader | None = None
    column: Column = ALONE
    cell: Reader | None = None
    solution: Reader | None = None
    group: Reader | None = None

    def settled_by(self, rows: Iterable[Mapping[str, Any]]) -> Recipe:
        """The recipe with what these rows tell about gold answers that are ambiguous alone."""
        if self.kind != "auto" or self.gold is None:
            return self
        cells = []
        for row in rows:
            # what is wrong with a row is said when a question is made of it
            with suppress(RowError):
                if self.choices is None or not read_choices(self.choices(row)):
                    cells.append(self.gold(row))
        return replace(self, column=look_at(cells))

    def draft(self, row: Mapping[str, Any]) -> Draft | None:
        """Makes a question of a row, or `None` if the row is not of the wanted kind.

        Raises:
            RowError: It is of the wanted kind and yet no question; the message says why.
        """
        if self.where is not None and not self.where(row):
            return None
        choices = read_choices(self.choices(row)) if self.choices else ()
        if self.kind == "choice" and not choices:
            raise RowError("has no choices although its kind is `choice`")
        if self.kind not in ("auto", "choice"):
            choices = ()
        cell = self.gold(row) if self.gold else None
        gold = _read_gold(cell, self.kind, choices, self.column)
        row_id = _row_id(self.id(row)) if self.id else None
        text = with_options(_question(self.text(row)), choices)
        answers = (gold.text, *gold.accepted) if isinstance(gold, Gold) else ()
        _check_encodable(row_id, text, *answers, *(part for choice in choices for part in (choice.label, choice.text)))
        cell = self.cell(row) if self.cell else cell
        solution = self._solution(row, cell, gold, choices)
        return Draft(row_id, text, gold, choices, cell, solution, self._group(row))

    def _group(self, row: Mapping[str, Any]) -> str | None:
        if self.group is None:
            return None
        value = None
        # a row without one is a question all the same
        with suppress(RowError):
            value = self.group(row)
        if isinstance(value, Mapping | list | tuple | bytes):
            raise RowError(f"its group is {shorten(value)}, not text or a number")
        return _short(" ".join(storable(str(value)).split())) if value is not None else None

    def _solution(
        self, row: Mapping[str, Any], cell: Any, gold: Gold | NoGold, choices: tuple[Choice, ...]
    ) -> str | None:
        if self.solution is not None:
            # a row without one is a question all the same
            with suppress(RowError):
                found = self.solution(row)
                return storable(found).strip() or None if isinstance(found, str) else None
            return None
        if not isinstance(cell, str) or not isinstance(gold, Gold) or gold.kind in ("code", "scorer"):
            return None
        if cell.strip() == gold.text or any(cell.strip() == choice.text.strip() for choice in choices):
            return None
        return cell.strip() if holds_working(cell) else None


def _short(text: str) -> str | None:
    """A group's name; a passage is known by how it begins and a hash of the rest."""
    if len(text) <= _LONGEST_GROUP:
        return text or None
    return f"{text[:_LONGEST_GROUP]}… {hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"


def _question(value: Any) -> str:
    if not isinstance(value, str):
        raise RowError(f"its question is {shorten(value)}, not text")
    if not value.strip():
        raise RowError("its question is empty")
    return value.strip()


def _read_gold(
    cell: Any, kind: AnswerKind | Literal["auto"], choices: tuple[Choice, ...], column: Column
) -> Gold | NoGold:
    try:
        return read_gold(cell, kind, choices, column)
    except GoldError as error:
        raise RowError(f"its gold answer {shorten(cell)} {error}") from error


def _row_id(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, Mapping | list | tuple | bytes):
        raise RowError(f"its id is {shorten(value)}, not text or a number")
    text = str(value).strip()
    if not text.isprintable():
        raise RowError(f"its id {shorten(text)} contains unprintable characters")
    return text or None


def _check_encodable(*texts: str | None) -> None:
    for text in texts:
        try:
            (text or "").encode("utf-8")
        except UnicodeEncodeError as error:
            raise RowError(f"contains characters that are not UTF-8 text (at {shorten(text)})") from error
