"""What a method brings back for one question, and what it needs from outside to judge its paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from regenesis.nouns import Judged, Path, Question


class Judge(Protocol):
    """Says what a path is worth; implemented over the checker and the curator."""

    async def judge(self, path: Path, question: Question) -> Judged:
        """The path with its verdict, its defect and its training text."""

    async def vote(self, judged: Sequence[Judged], question: Question) -> list[Judged]:
        """The same paths, with the majority of their answers in the place of gold."""

    def select(self, judged: Sequence[Judged], keep: int) -> list[Judged]:
        """The paths that are kept, at most `keep`, whatever the order given."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question brought to its end.

    Attributes:
        question: The question.
        judged: All of its paths in the order of their chains, broken ones too.
        kept: Those kept, a subset of `judged`.
    """

    question: Question
    judged: tuple[Judged, ...]
    kept: tuple[Judged, ...]
