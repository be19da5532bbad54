"""What the differences between two models on the same questions support: 95 % CIs and tests over questions and seeds.

    task = TaskDifferences(values=[[0.0, 1.0, …], …], groups=["premise 1", "premise 1", …])    # seeds × questions
    estimate([task])                 # of one task
    estimate([task, other])          # of the unweighted mean of several

A question's score is the share of its samples that are right, and its difference that of two models' scores. With
several seeds both questions and seeds count as drawn at random, so an estimate holds for further questions and further
seeds; with one seed it is about the models at hand. Tasks are fixed, not sampled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from regenesis.evaluation.statistics import Interval, holm
from regenesis.evaluation.student import df_of_quantile, quantile, two_sided_p

if TYPE_CHECKING:
    import numpy

UPPER = 0.975
"""Share below the quantile of a 95 % CI."""


@dataclass(frozen=True, slots=True)
class TaskDifferences:
    """Two models' differences on the questions of one task.

    Attributes:
        values: Seeds × questions: the second model's score less the first one's. A model without seeds, such as the
            base, counts with the same scores for each.
        groups: The cluster of each question: its premise, template or story, or its own id where it has none.
    """

    values: Sequence[Sequence[float]]
    groups: Sequence[str]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A difference, and how sure it is.

    Attributes:
        value: The mean over tasks of the mean over seeds and questions.
        interval: 95 % CI.
        p: Two-sided; below 0.05 exactly where the interval leaves out 0.
        df: Degrees of freedom; 0 where all questions of a task are one cluster, which tells nothing of others.
        seeds: Seeds; with one the interval says nothing of other seeds.
        questions: Questions of all tasks.
        clusters: Clusters of all tasks.
    """

    value: float
    interval: Interval
    p: float
    df: float
    seeds: int
    questions: int
    clusters: int


@dataclass(frozen=True, slots=True)
class Part:
    """One independent part of a variance, with the degrees of freedom it is known by."""

    variance: float
    df: float


def estimate(tasks: Sequence[TaskDifferences]) -> Estimate:
    """The unweighted mean difference over tasks, all with the same seeds in the same order.

    The variance has a part for the questions of each task: the jackknife over clusters of the differences averaged over
    seeds, less what chance within single seeds adds to it. With several seeds, the variance of the seeds' means is one
    more; these are means over all tasks, since one seed's model answers all of them. `combined` joins the parts.

    Two further questions, one won by either model, give an interval a width where few or no questions differ: D. G.
    Bonett and R. M. Price, Adjusted Wald confidence interval for a difference of binomial proportions based on paired
    data, Journal of Educational and Behavioral Statistics 37 (2012), 479-488. Here they differ by as much as those
    questions that do, so that finer scores make finer intervals, and several tasks share the two.

    Raises:
        ValueError: There is no task or no question, or the tasks have different seeds.
    """
    measured = [_Measured.of(task, added=2 / len(tasks)) for task in tasks]
    seeds = {len(one.seed_means) for one in measured}
    if len(seeds) != 1:
        raise ValueError(f"an estimate takes tasks with the same seeds, not {sorted(seeds)} seeds")
    count = len(measured)
    value = math.fsum(one.mean for one in measured) / count
    centre = math.fsum(one.centre for one in measured) / count
    questions = [Part(one.variance / count**2, one.clusters - 1) for one in measured]
    error, df = combined(questions, _of_seeds(measured))
    reach = quantile(UPPER, df) * error if df else 1.0
    return Estimate(
        value=value,
        interval=Interval(max(-1.0, centre - reach), min(1.0, centre + reach)) if df else Interval(-1.0, 1.0),
        p=two_sided_p(centre / error, df) if df else 1.0,
        df=df,
        seeds=seeds.pop(),
        questions=sum(one.questions for one in measured),
        clusters=sum(one.clusters for one in measured),
    )


def combined(questions: Sequence[Part], seeds: Part | None) -> tuple[float, float]:
    """The standard error that independent parts add up to, and degrees of freedom for Student's distribution.

    Args:
        questions: A part for each task.
        seeds: The seeds' part, `None` for one seed.

    Returns:
        Both; degrees of freedom of 0 where a part has none, and so nothing is known of the error.
    """
    parts = [*questions, *([seeds] if seeds is not None else [])]
    if min(part.df for part in parts) < 1:
        return 0.0, 0.0
    error = math.sqrt(math.fsum(part.variance for part in parts))
    most = max(part.df for part in questions)
    reach = joined_reach(
        math.sqrt(math.fsum(quantile(UPPER, part.df) ** 2 * part.variance for part in questions)),
        quantile(UPPER, seeds.df) * math.sqrt(seeds.variance) if seeds is not None else 0.0,
        seeds.df if seeds is not None else most,
    )
    # at the limit of many degrees of freedom the quantile hardly depends on them
    return error, df_of_quantile(reach / error, UPPER) if reach / error > quantile(UPPER, most) else most


def joined_reach(questions: Any, seeds: Any, df: float) -> Any:
    """How far an interval reaches, given how far it would by either part alone; numbers, or arrays of numbers.

    With many seeds, squares are added, as `mean_interval` does. With few, the seeds' reach is so long because their
    spread may be larger than it looks, and adding squares would count that twice: 98 % of the intervals would hold the
    truth where both parts are alike. Satterthwaite's degrees of freedom, the usual way, take a spread that came out
    small for certain, and leave 92 %. This power of the reaches gives between 94 and 97 % from three seeds on, whatever
    the parts (`benchmarks/interval_coverage.py`).

    Args:
        questions: Reach by the questions' part.
        seeds: Reach by the seeds' part.
        df: Degrees of freedom of the seeds' part.
    """
    power = 2 + 2 / df
    return (questions**power + seeds**power) ** (1 / power)


def holm_adjusted(estimates: Sequence[Estimate]) -> list[float]:
    """The estimates' values of p adjusted for there being several of them, by Holm's procedure, in the order given."""
    return [float(p) for p in holm([Fraction(one.p) for one in estimates])]


@dataclass(frozen=True, slots=True)
class _Measured:
    """One task's differences, summed up.

    Attributes:
        questions: How many.
        clusters: How many.
        mean: Over seeds and questions.
        centre: The same with the further questions.
        variance: Of `centre`, over further clusters; with several seeds, without what chance within them adds.
        seed_means: Over the questions, by seed.
    """

    questions: int
    clusters: int
    mean: float
    centre: float
    variance: float
    seed_means: numpy.ndarray

    @classmethod
    def of(cls, task: TaskDifferences, added: float) -> _Measured:
        """Sums up a task to which `added` further questions are added, half of them won by either model."""
        import numpy

        values = numpy.asarray(task.values, dtype=float)
        if values.ndim != 2 or values.shape[1] != len(task.groups) or not values.size:
            raise ValueError(
                f"differences are seeds × questions, one group a question, not {values.shape} and {len(task.groups)}"
            )
        seeds, count = values.shape
        numbers = {group: number for number, group in enumerate(dict.fromkeys(task.groups))}
        cluster = numpy.fromiter((numbers[group] for group in task.groups), dtype=int, count=count)
        sizes = numpy.bincount(cluster)
        clusters = len(sizes)
        of_questions = values.mean(axis=0)
        mean = of_questions.mean()
        differing = of_questions[of_questions != 0]
        pseudo = (differing**2).mean() if differing.size else 1.0
        weight = count + added
        centre = mean * count / weight
        jackknife = _jackknife(numpy.bincount(cluster, of_questions - centre), sizes)
        seed_means = values.mean(axis=1)
        if seeds > 1:
            residuals = values - of_questions - seed_means[:, None] + mean
            by_chance = sum(_jackknife(numpy.bincount(cluster, row), sizes) for row in residuals) / (seeds - 1)
            jackknife = max(jackknife - by_chance / seeds, 0.0)
        return cls(
            questions=count,
            clusters=clusters,
            mean=float(mean),
            centre=float(centre),
            variance=float((jackknife * count**2 + added * (pseudo + centre**2)) / weight**2),
            seed_means=seed_means,
        )


def _jackknife(sums: numpy.ndarray, sizes: numpy.ndarray) -> float:
    """Variance of a mean over clusters, leaving out one at a time.

    For clusters of equal size it is the usual one of their sums with the factor G / (G − 1); of unequal ones, large
    clusters count for more, which keeps the interval honest where there are few of them.

    Args:
        sums: By cluster, of the deviations from the mean.
        sizes: By cluster.
    """
    clusters = len(sizes)
    if clusters < 2:
        return 0.0
    shifts = sums / (sizes.sum() - sizes)
    return float((clusters - 1) / clusters * (shifts**2).sum())


def _of_seeds(measured: Sequence[_Measured]) -> Part | None:
    """The seeds' part of the variance of the mean over tasks; none for one seed, which has nothing to vary from."""
    import numpy

    means = numpy.mean([one.seed_means for one in measured], axis=0)
    return Part(float(means.var(ddof=1)) / len(means), len(means) - 1) if len(means) > 1 else None
