"""The account of what was read for each task, which every start of a run shows.

count = loaded.counts[0]
count.kinds, count.examples, count.unused, count.repeated
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from regenesis.tasks.duplicates import Made

_EXAMPLES = 3
_LONGEST_CELL = 500


@dataclass(frozen=True, slots=True)
class GoldExample:
    """A gold answer as read, beside the cell it was read from; the end of a long cell, where its answer stands."""

    cell: str
    gold: str
    kind: str


@dataclass(frozen=True, slots=True)
class TaskCount:
    """What came of one entry of `tasks`.

    Attributes:
        task: Its name.
        split: The split, as it stands in its questions' ids.
        read: Rows read, up to where `limit` was reached.
        other_kind: Rows passed over because they are not of the kind the task takes.
        bad: Rows that could not become questions.
        questions: Questions loaded.
        without_gold: Those of them whose answer is not known.
        kinds: Questions by how their answers compare.
        examples: A few gold answers as read.
        unused: Columns that nothing is read from.
        repeated: Rows that hold the question of an earlier row, which is asked once.
        set_aside: Questions left out because their rows contradict each other.
        why_without: Questions without a gold answer, by what their cell holds: `empty`, `placeholder`, `unread`.
        notes: How ambiguous gold answers were read.
    """

    task: str
    split: str
    read: int
    other_kind: int
    bad: int
    questions: int
    without_gold: int
    kinds: dict[str, int] = field(default_factory=dict)
    examples: tuple[GoldExample, ...] = ()
    unused: tuple[str, ...] = ()
    repeated: int = 0
    set_aside: int = 0
    why_without: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def kinds_of(made: Sequence[Made]) -> dict[str, int]:
    """Questions by kind, the most frequent first."""
    return dict(Counter(one.question.kind for one in made).most_common())


def why_without(made: Sequence[Made]) -> dict[str, int]:
    """Questions without a gold answer by what their cell holds."""
    found = (one.without_gold or "empty" for one in made if one.question.gold is None and one.question.kind != "scorer")
    return dict(Counter(found).most_common())


def examples_of(made: Sequence[Made]) -> tuple[GoldExample, ...]:
    """A few golds beside their cells: one of each kind first, so that an odd one shows."""
    known = [one for one in made if one.question.gold is not None and one.cell is not None]
    first_of_kind: dict[str, Made] = {}
    for one in known:
        first_of_kind.setdefault(one.question.kind, one)
    chosen = list(first_of_kind.values())[:_EXAMPLES]
    for one in known:
        if len(chosen) >= _EXAMPLES:
            break
        if all(one is not other for other in chosen):
            chosen.append(one)
    return tuple(
        GoldExample(str(one.cell).strip()[-_LONGEST_CELL:], shown_gold(one), one.question.kind) for one in chosen
    )


def shown_gold(made: Made) -> str:
    """The gold answer with what else is accepted, and for an option its text."""
    question = made.question
    texts = {choice.label: choice.text for choice in question.choices}
    accepted = [question.gold or "", *question.accepted]
    return " or ".join(f"{one} ({texts[one]})" if one in texts else one for one in accepted)
