"""The smallest difference that an evaluation can detect, known before anything is spent.

    smallest_detectable([200, 100], samples=4, seeds=3)                        # of the mean over two tasks
    smallest_detectable([200], samples=1, seeds=1, against="method", expected=Expected(accuracy=0.3))

What scores will vary by is not known beforehand. `Expected` holds what is assumed of it, and a plan shows that beside
the figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from regenesis.evaluation.differences import UPPER, Part, combined, joined_reach
from regenesis.evaluation.student import quantile

POWER = 0.8
"""Share of experiments that find the smallest detectable difference."""
_STEPS = 100
"""Into which the distribution of each estimated variance is divided."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What is assumed of scores.

    Attributes:
        accuracy: Share of answers that are right.
        by_question: Share of the variance of single answers that comes from the question: 0 if all are equally hard, 1
            if a question is always answered rightly or never.
        correlation: Of the two models' chances over questions; 1 if training leaves every question as hard as it was,
            compared to the others.
        by_group: Share of what the two models' chances differ by that questions of a group have in common.
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
    group_sizes: Sequence[Sequence[int]] | None = None,
    against: Literal["base", "method"] = "base",
    expected: Expected | None = None,
) -> float | None:
    """The difference in mean accuracy that is found four times out of five, at a level of 5 %.

    Args:
        questions: Of each task; the difference is that of the unweighted mean over tasks.
        samples: Answers to each question.
        seeds: Of each trained model. With one, the difference is that of two particular models.
        group_sizes: Questions of each group, by task; every question is its own group where left out.
        against: What a trained model is compared with: the base, which is measured once, or a model trained by another
            method, with seeds of its own.
        expected: What is assumed of scores.

    Returns:
        The difference, as a share, or `None` where no difference can be found: a task whose questions are one group.
    """
    expected = expected or Expected()
    sizes = [[1] * count for count in questions] if group_sizes is None else group_sizes
    if not sizes or min(map(len, sizes)) < 2:
        return None
    trained, tasks = (1 if against == "base" else 2), len(sizes)
    of_answers = expected.accuracy * (1 - expected.accuracy)
    of_chances = of_answers * expected.by_question
    by_sampling = (of_answers - of_chances) / samples
    of_effect = 2 * of_chances * (1 - expected.correlation)
    # the base is asked once, for all seeds; with one seed, all chance is that of the questions
    of_questions = by_sampling * (2 - trained if seeds > 1 else 2)
    parts = []
    for groups in sizes:
        count = sum(groups)
        alike = sum(size * (1 + (size - 1) * expected.by_group) for size in groups) / count
        # `estimate` adds two questions, shared by the tasks
        added = 1 + 2 / tasks / count
        parts.append(Part((of_questions + of_effect * alike) * added / count / tasks**2, len(groups) - 1))
    if seeds == 1:
        return _found_by_power(parts, None)
    by_chance = trained * by_sampling * sum(1 / sum(groups) for groups in sizes) / tasks**2
    return _found_by_power(parts, Part((trained * expected.seed_spread**2 + by_chance) / seeds, seeds - 1))


def _found_by_power(questions: Sequence[Part], seeds: Part | None) -> float:
    """The difference that is found, from how estimates vary and how far their intervals will reach."""
    import numpy
    from scipy.special import chdtri, ndtr

    middles = (numpy.arange(_STEPS) + 0.5) / _STEPS
    error, _ = combined(questions, seeds)
    variance = math.fsum(part.variance for part in questions)
    df = variance**2 / math.fsum(part.variance**2 / part.df for part in questions)
    reach = math.sqrt(math.fsum(quantile(UPPER, part.df) ** 2 * part.variance for part in questions))
    # estimated variances are chi-square around the true ones, and independent of the estimate
    reaches = (reach * numpy.sqrt(chdtri(df, middles) / df))[:, None]
    if seeds is not None:
        by_seeds = (
            quantile(UPPER, seeds.df) * math.sqrt(seeds.variance) * numpy.sqrt(chdtri(seeds.df, middles) / seeds.df)
        )
        reaches = joined_reach(reaches, by_seeds[None, :], seeds.df)
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        found = float(ndtr((middle - reaches) / error).mean())
        low, high = (middle, high) if found < POWER else (low, middle)
    return high
