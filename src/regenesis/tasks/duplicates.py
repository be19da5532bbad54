"""Questions that occur more than once: asked once, and not at all where their gold answers contradict each other.

    once = Once()
    for one in once.passing(made): ...   # the first of each
    once.contradicted                    # what must be set aside

Two questions are the same if their texts, options included, differ in spacing and in how characters are encoded alone.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from regenesis.answers.gold import Gold, same_gold
from regenesis.types import Question, SourceRow

_INVISIBLE = dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])


@dataclass(slots=True)
class Made:
    """A question made of a row, and the row it comes from."""

    question: Question
    source: str
    line: int
    cell: Any = None
    without_gold: str | None = None
    row: SourceRow | None = None


@dataclass(frozen=True, slots=True)
class SetAside:
    """A question that occurs with different gold answers, and is not asked.

    Attributes:
        task: The task that it was first found in.
        text: The question.
        rows: The rows that hold it: id, file or dataset, line, gold answer.
    """

    task: str
    text: str
    rows: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class _Seen:
    first: Made
    others: list[Made] = field(default_factory=list)


class Once:
    """Remembers the questions of a run, over all of its tasks."""

    def __init__(self) -> None:
        self._seen: dict[bytes, _Seen] = {}
        self.contradicted: set[str] = set()
        self.repeated = 0

    def passing(self, made: Iterator[Made]) -> Iterator[Made]:
        """Those that were not seen before; a first one without a gold answer takes that of a later one."""
        for one in made:
            key = _key(one.question.text)
            seen = self._seen.get(key)
            if seen is None:
                self._seen[key] = _Seen(one)
                yield one
            elif seen.first.question.id == one.question.id:
                # the same row twice in a run is told as what it is, elsewhere
                yield one
            else:
                self.repeated += 1
                self._compare(seen, one)

    def _compare(self, seen: _Seen, one: Made) -> None:
        first, other = seen.first.question, one.question
        if other.gold is None:
            return
        if first.gold is None:
            # in place, since the first one is already on its way
            seen.first.question = replace(
                first,
                gold=other.gold,
                accepted=other.accepted,
                kind=other.kind,
                solution=first.solution or other.solution,
            )
            seen.first.cell, seen.first.without_gold = one.cell, None
        elif (first.gold, first.kind) != (other.gold, other.kind) and not same_gold(_gold(first), _gold(other)):
            seen.others.append(one)
            self.contradicted.add(first.id)

    def forget(self, made: Sequence[Made]) -> None:
        """Takes back that questions were seen, since they are not asked after all."""
        for one in made:
            self._seen.pop(_key(one.question.text), None)

    def set_aside(self) -> list[SetAside]:
        """The contradicted questions, in the order of their first rows."""
        return [
            SetAside(seen.first.question.task, seen.first.question.text, tuple(map(_row, [seen.first, *seen.others])))
            for seen in self._seen.values()
            if seen.others
        ]


def _key(text: str) -> bytes:
    # NFC and not NFKC, for which a raised 2 is a 2
    plain = unicodedata.normalize("NFC", text).translate(_INVISIBLE)
    return hashlib.blake2b(" ".join(plain.split()).encode(), digest_size=16).digest()


def _gold(question: Question) -> Gold:
    return Gold(question.kind, question.gold or "", question.accepted)


def _row(made: Made) -> dict[str, Any]:
    return {"id": made.question.id, "source": made.source, "line": made.line, "gold": made.question.gold}
