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
from typing import TYPE_CHECKING

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
    seeds. With several seeds it has one more: by how much the seeds' means vary beyond what single questions explain.
    These are means over all tasks, since one seed's model answers all of them. `combined` joins the parts.

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
    parts = [Part(one.variance / count**2, one.clusters - 1) for one in measured]
    error, df = combined([*parts, *_seed_part(measured)])
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


def combined(parts: Sequence[Part]) -> tuple[float, float]:
    """The standard error that independent parts add up to, and degrees of freedom for Student's distribution.

    Each part reaches as far as its own quantile says, and the reaches are squared and added, as `mean_interval` does
    with intervals. Satterthwaite's formula would take the degrees of freedom from the estimated parts: with three seeds
    whose spread happens to come out small, it takes that for certain, and its intervals cover 92 % instead of 95 %.
    """
    if min(part.df for part in parts) < 1:
        return 0.0, 0.0
    error = math.sqrt(math.fsum(part.variance for part in parts))
    if len({part.df for part in parts}) == 1:
        return error, float(parts[0].df)
    reach = math.sqrt(math.fsum(quantile(UPPER, part.df) ** 2 * part.variance for part in parts))
    return error, df_of_quantile(reach / error, UPPER)


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
        variance: Of `centre`, over further clusters.
        seed_means: Over the questions, by seed.
        by_chance: What the variance of the seeds' means would be if seeds had no effect common to all questions.
    """

    questions: int
    clusters: int
    mean: float
    centre: float
    variance: float
    seed_means: numpy.ndarray
    by_chance: float

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
        _, cluster, sizes = numpy.unique(numpy.asarray(task.groups), return_inverse=True, return_counts=True)
        clusters = len(sizes)
        of_questions = values.mean(axis=0)
        mean = of_questions.mean()
        differing = of_questions[of_questions != 0]
        pseudo = (differing**2).mean() if differing.size else 1.0
        weight = count + added
        centre = mean * count / weight
        jackknife = _jackknife(numpy.bincount(cluster, of_questions - centre), sizes)
        seed_means = values.mean(axis=1)
        residuals = values - of_questions - seed_means[:, None] + mean
        by_chance = sum(_jackknife(numpy.bincount(cluster, row), sizes) for row in residuals) / max(seeds - 1, 1)
        return cls(
            questions=count,
            clusters=clusters,
            mean=float(mean),
            centre=float(centre),
            variance=float((jackknife * count**2 + added * (pseudo + centre**2)) / weight**2),
            seed_means=seed_means,
            by_chance=float(by_chance),
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


def _seed_part(measured: Sequence[_Measured]) -> list[Part]:
    """The seeds' part of the variance of the mean over tasks; none for one seed, which has nothing to vary from."""
    import numpy

    means = numpy.mean([one.seed_means for one in measured], axis=0)
    seeds = len(means)
    if seeds < 2:
        return []
    by_chance = math.fsum(one.by_chance for one in measured) / len(measured) ** 2
    excess = float(means.var(ddof=1)) - by_chance
    return [Part(excess / seeds, seeds - 1)] if excess > 0 else []
