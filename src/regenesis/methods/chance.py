"""What guessing alone comes to: a right answer to a two-way choice says little about the reasoning before it."""

from __future__ import annotations

from collections.abc import Sequence

from regenesis.types import Question

_LUCKY = 0.5
"""Share of the questions that luck may answer before it is warned of."""


def chance_warning(questions: Sequence[Question], samples: int) -> list[str]:
    """A warning where guessing alone would answer most questions rightly at least once."""
    if not questions:
        return []
    lucky = sum(1 - (1 - _chance(question)) ** samples for question in questions) / len(questions)
    if lucky < _LUCKY:
        return []
    return [
        f"Guessing alone answers {lucky:.0%} of these questions rightly at least once in {samples} samples, so that a "
        "right answer says little about the reasoning before it. Fewer samples, or questions with more options or open "
        "answers, make it say more."
    ]


def _chance(question: Question) -> float:
    """Probability that a guess among the stated possibilities is right; 0 for open answers."""
    if question.kind == "boolean":
        return 0.5
    return 1 / len(question.choices) if question.kind == "choice" and question.choices else 0.0
