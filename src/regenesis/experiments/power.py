"""The smallest difference that an evaluation can detect, known before anything is spent.

    smallest_detectable([200, 100], samples=4, seeds=3)                        # of the mean over two tasks
    smallest_detectable([200], samples=1, seeds=1, against="method", expected=Expected(accuracy=0.3))

What scores will vary by is not known beforehand. `Expected` holds what is assumed of it, and a plan shows that beside
the figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from regenesis.evaluation.student import needed_shift
from regenesis.experiments.statistics import Part, combined

POWER = 0.8
"""Share of experiments that find the smallest detectable difference."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What is assumed of scores.

    Attributes:
        accuracy: Share of answers that are right.
        by_question: Share of the variance of single answers that comes from the question: 0 if all are equally hard, 1
            if a question is always answered rightly or never.
        correlation: Of the two models' chances over questions; 1 if training leaves every question as hard as it was,
            compared to the others.
        by_group: Correlation of two differences within one group.
        seed_spread: Standard deviation of a trained model's accuracy over seeds.
    """

    accuracy: float = 0.5
    by_question: float = 0.5
    correlation: float = 0.9
    by_group: float = 0.2
    seed_spread: float = 0.01


def smallest_detectable(
    questions: Sequence[int],
    samples: int,
    seeds: int,
    *,
    groups: Sequence[int] | None = None,
    against: Literal["base", "method"] = "base",
    expected: Expected | None = None,
) -> float | None:
    """The difference in mean accuracy that is found four times out of five, at a level of 5 %.

    Args:
        questions: Of each task; the difference is that of the unweighted mean over tasks.
        samples: Answers to each question.
        seeds: Of each trained model. With one, the difference is that of two particular models.
        groups: Of each task's questions; every question is its own where left out.
        against: What a trained model is compared with: the base, which is measured once, or a model trained by another
            method, with seeds of its own.
        expected: What is assumed of scores.

    Returns:
        The difference, as a share, or `None` where no difference can be found: a task whose questions are one group.
    """
    expected = expected or Expected()
    groups = questions if groups is None else groups
    if not questions or min(*questions, *groups) < 2:
        return None
    trained = 1 if against == "base" else 2
    of_answers = expected.accuracy * (1 - expected.accuracy)
    of_chances = of_answers * expected.by_question
    # the base's answers are the same for every seed
    by_sampling = (of_answers - of_chances) / samples * (trained / seeds + (2 - trained))
    of_difference = by_sampling + 2 * of_chances * (1 - expected.correlation)
    parts = []
    for count, clusters in zip(questions, groups, strict=True):
        inflation = 1 + (count / clusters - 1) * expected.by_group
        added = 2 * of_difference / len(questions)
        variance = (of_difference * inflation * count + added) / count**2
        parts.append(Part(variance / len(questions) ** 2, clusters - 1))
    if seeds > 1 and expected.seed_spread:
        parts.append(Part(trained * expected.seed_spread**2 / seeds, seeds - 1))
    error, df = combined(parts)
    return min(1.0, needed_shift(POWER, df) * error)
