"""The draw of a dataset's rows, where it is to hold fewer than were kept.

    taken = draw([QuestionRows("q1", "gsm8k", (2, 1)), …], DatasetConfig(max_rows=100))
    0 in taken["q1"]      # whether the first row of q1 is in the dataset

Rows are drawn evenly over questions: one of each question, in an order by hash, then a second one of each, and so on;
tasks take turns. The order depends on names alone, so that datasets of several methods are drawn alike, and the rows of
a smaller draw are among those of a larger one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from regenesis.dataset.config import DatasetConfig, Hinted


@dataclass(frozen=True, slots=True)
class QuestionRows:
    """The rows that a question's kept paths give.

    Attributes:
        question_id: The question.
        task: The task it came from.
        forms: For each kept path in order, how many rows it gives.
        generated: Tokens generated for the question, wrong paths included; 0 where that does not count.
        hinted: For each kept path, whether its model had been shown the answer; no path has been where this is empty.
    """

    question_id: str
    task: str
    forms: tuple[int, ...]
    generated: int = 0
    hinted: tuple[bool, ...] = ()

    def eligible(self, hinted: Hinted) -> frozenset[int]:
        """Places of the rows that may be drawn."""
        places: set[int] = set()
        start = 0
        for forms, shown in zip(self.forms, self.hinted or (False,) * len(self.forms), strict=True):
            if hinted == "any" or shown == (hinted == "only"):
                places.update(range(start, start + forms))
            start += forms
        return frozenset(places)


def draw(available: Sequence[QuestionRows], config: DatasetConfig) -> Mapping[str, frozenset[int]]:
    """Places of the drawn rows among those of their question, by question; questions without any are left out.

    Args:
        available: What there is to draw from, in the run's order.
        config: How much to take.
    """
    within = _within_tokens(available, config.max_generated_tokens)
    eligible = {one.question_id: one.eligible(config.hinted) for one in within}
    if config.max_rows is None:
        return {question_id: places for question_id, places in eligible.items() if places}
    taken: dict[str, set[int]] = {}
    for one, row in _in_turn(within, eligible)[: config.max_rows]:
        taken.setdefault(one.question_id, set()).add(row)
    return {question_id: frozenset(rows) for question_id, rows in taken.items()}


def _within_tokens(available: Sequence[QuestionRows], most: int | None) -> Sequence[QuestionRows]:
    if most is None:
        return available
    spent = 0
    for place, one in enumerate(available):
        spent += one.generated
        if spent > most:
            return available[:place]
    return available


def _in_turn(
    questions: Sequence[QuestionRows], eligible: Mapping[str, frozenset[int]]
) -> list[tuple[QuestionRows, int]]:
    """All eligible rows in the order in which they are drawn."""
    order: list[tuple[QuestionRows, int]] = []
    rows = {
        one.question_id: [row for row in _rows_in_order(one) if row in eligible[one.question_id]] for one in questions
    }
    by_lot = sorted(questions, key=_lot)
    for turn in range(max(map(len, rows.values()), default=0)):
        there = [one for one in by_lot if len(rows[one.question_id]) > turn]
        before: Counter[str] = Counter()
        places: list[tuple[int, str, QuestionRows]] = []
        for one in there:
            places.append((before[one.task], one.task, one))
            before[one.task] += 1
        places.sort(key=lambda place: place[:2])
        order += [(one, rows[one.question_id][turn]) for _, _, one in places]
    return order


def _rows_in_order(one: QuestionRows) -> list[int]:
    """A question's rows in the order in which they are drawn: a row of each path, then a second one of each.

    Where paths come in several forms, it depends on question and path which form is the first, so that a draw holds as
    many of one form as of another.
    """
    start = int(_lot(one), 16)
    order: list[tuple[int, int, int]] = []
    row = 0
    for path, forms in enumerate(one.forms):
        order += [((form - start - path) % forms, path, row + form) for form in range(forms)]
        row += forms
    return [row for _, _, row in sorted(order)]


def _lot(one: QuestionRows) -> str:
    return hashlib.blake2b(one.question_id.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
