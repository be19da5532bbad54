"""What counts of correct and wrong answers support: confidence intervals, the paired test, averages over tasks.

    wilson(18, 20)                                   # Interval(0.699…, 0.972…)
    paired = Paired(both=40, first=3, second=12, neither=45)
    difference_interval(paired)                      # of second − first
    mcnemar(paired)                                  # exact, two-sided

All intervals are 95 % CIs and treat questions as independent draws from their task. Tasks are fixed, not sampled: an
average over tasks says nothing about other tasks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Z = 1.959963984540054
"""The normal distribution's 97.5 % point."""

Finding = Literal["better", "worse", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends of a 95 % confidence interval."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Paired:
    """Questions that two models answered, by who was right.

    Attributes:
        both: Both models.
        first: The first model alone.
        second: The second model alone.
        neither: None of them.
    """

    both: int
    first: int
    second: int
    neither: int

    @property
    def questions(self) -> int:
        return self.both + self.first + self.second + self.neither

    @property
    def difference(self) -> Fraction:
        """Accuracy of the second model less that of the first."""
        return Fraction(self.second - self.first, self.questions)


def wilson(right: int, questions: int) -> Interval:
    """Wilson's score interval of a proportion.

    Its ends lie within 0 and 1, and it has a width where all or none are right. Source: E. B. Wilson, Probable
    inference, the law of succession, and statistical inference, JASA 22 (1927), 209-212; no continuity correction.

    Args:
        right: Questions answered rightly.
        questions: All questions, at least one.
    """
    interval = score_interval(right / questions, questions, Z)
    # float rounding must not keep the interval from reaching what all or none right come to
    return Interval(0.0 if right == 0 else interval.low, 1.0 if right == questions else interval.high)


def score_interval(share: float, size: float, quantile: float) -> Interval:
    """Wilson's interval for a share of so many independent answers, also of a fraction of one."""
    square = quantile * quantile
    middle = share + square / (2 * size)
    spread = quantile * math.sqrt(share * (1 - share) / size + square / (4 * size * size))
    scale = 1 + square / size
    # float rounding must not push the interval past the proportion itself
    low = max(0.0, min((middle - spread) / scale, share))
    high = min(1.0, max((middle + spread) / scale, share))
    return Interval(low, high)


def difference_interval(paired: Paired) -> Interval:
    """Newcombe's square-and-add interval for the difference of two paired proportions, second less first.

    It joins the Wilson intervals of the two proportions, allowing for their correlation; it never leaves −1 and 1 and
    keeps a width where the models never disagree. Source: R. G. Newcombe, Improved confidence intervals for the
    difference between binomial proportions based on paired data, Statistics in Medicine 17 (1998), 2635-2650: method
    10.
    """
    count = paired.questions
    right_first, right_second = paired.both + paired.first, paired.both + paired.second
    first, second = wilson(right_first, count), wilson(right_second, count)
    share_first, share_second = right_first / count, right_second / count
    correlation = _correlation(paired)
    difference = float(paired.difference)
    below = _joined(share_second - second.low, first.high - share_first, correlation)
    above = _joined(second.high - share_second, share_first - first.low, correlation)
    return Interval(max(-1.0, difference - below), min(1.0, difference + above))


def _joined(left: float, right: float, correlation: float) -> float:
    # rounding can make the radicand slightly negative where both parts are equal
    return math.sqrt(max(0.0, left * left - 2 * correlation * left * right + right * right))


def _correlation(paired: Paired) -> float:
    """Of the two models' answers, with the continuity correction of Newcombe's method 10, by which a small positive
    one counts as none.
    """
    margins = (
        (paired.both + paired.first)
        * (paired.second + paired.neither)
        * (paired.both + paired.second)
        * (paired.first + paired.neither)
    )
    if margins == 0:
        return 0.0
    product = paired.both * paired.neither - paired.first * paired.second
    if product > 0:
        return max(product - paired.questions / 2, 0.0) / math.sqrt(margins)
    return product / math.sqrt(margins)


def mcnemar(paired: Paired) -> Fraction:
    """Two-sided p of the exact McNemar test: is either model the more often right where only one of them is?

    Source: Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages,
    Psychometrika 12 (1947), 153-157, with the binomial distribution in place of the chi-square one.
    """
    # only discordant pairs matter; under the null each falls to either side with probability 1/2. Integers keep the
    # binomial tail exact for any n
    trials, fewer = paired.first + paired.second, min(paired.first, paired.second)
    ways, term = 0, 1
    for successes in range(fewer + 1):
        ways += term
        term = term * (trials - successes) // (successes + 1)
    return min(Fraction(1), Fraction(2 * ways, 2**trials))


def holm(values: Sequence[Fraction]) -> list[Fraction]:
    """Values of p adjusted for there being several of them, in the order given.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6
    (1979), 65-70.
    """
    order = sorted(range(len(values)), key=lambda place: values[place])
    adjusted, least = [Fraction(1)] * len(values), Fraction(0)
    for rank, place in enumerate(order):
        # adjusted p values must not decrease along the order of the raw ones
        least = max(least, min(Fraction(1), values[place] * (len(values) - rank)))
        adjusted[place] = least
    return adjusted


def mean_interval(estimates: Sequence[Fraction], intervals: Sequence[Interval]) -> Interval:
    """Interval of the unweighted mean of independent estimates, joined from the interval of each.

    The distances from each estimate to the ends of its interval are squared and added, as Newcombe's interval does with
    two. So it needs no draws, is the task's own interval where there is one task, and keeps a width where every answer
    of a task is right, which neither the bootstrap nor the delta method does. Source: G. Y. Zou and A. Donner,
    Construction of confidence limits about effect measures: a general approach, Statistics in Medicine 27 (2008),
    1693-1702.
    """
    count = len(estimates)
    mean = float(sum(estimates, Fraction(0)) / count)
    pairs = [(float(estimate), interval) for estimate, interval in zip(estimates, intervals, strict=True)]
    below = math.sqrt(sum((estimate - interval.low) ** 2 for estimate, interval in pairs)) / count
    above = math.sqrt(sum((interval.high - estimate) ** 2 for estimate, interval in pairs)) / count
    return Interval(mean - below, mean + above)


def finding(interval: Interval) -> Finding:
    """The conclusion that an interval for the difference, second minus first, supports about the second model."""
    if interval.holds(0.0):
        return "inconclusive"
    return "better" if interval.low > 0 else "worse"
