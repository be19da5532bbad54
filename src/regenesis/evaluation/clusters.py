"""What scores support whose questions come in clusters, or were answered several times each: the 95 % CI of their mean.

    share_interval([Fraction(3, 4), Fraction(1), …], ["premise 1", "premise 1", …])

Answers to one question are alike, and so are questions on one premise, passage, template or story. What they have in
common makes a mean less certain than so many independent answers would; so variances are taken over clusters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from regenesis.evaluation.statistics import Interval, score_interval
from regenesis.evaluation.student import quantile

_UPPER = 0.975


def share_interval(values: Sequence[Fraction], clusters: Sequence[str]) -> Interval:
    """Interval of the mean of scores between 0 and 1.

    Wilson's interval, for so many independent answers as would make the mean as certain as it is: the number of
    questions by the design effect, the variance over clusters against that of independent answers (L. Kish, Survey
    Sampling, 1965; N. Dean and M. Pagano, Evaluating confidence interval methods for binomial proportions in clustered
    surveys, Journal of Survey Statistics and Methodology 3 (2015), 484-503). The quantile is Student's, since the
    variance is estimated. Half a further cluster, right and wrong in equal parts, keeps the design effect in its
    bounds where nearly everything is right or wrong. Questions that are each a cluster of their own, answered once,
    have a design effect of exactly 1.

    Args:
        values: The score of each question.
        clusters: The cluster of each question. With a single one nothing is known of others: the interval is 0 to 1.
    """
    count = len(values)
    sums: dict[str, float] = {}
    sizes: dict[str, int] = {}
    for value, cluster in zip(values, clusters, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + float(value)
        sizes[cluster] = sizes.get(cluster, 0) + 1
    groups = len(sizes)
    if groups < 2:
        return Interval(0.0, 1.0)
    size = count / groups
    total = count + size / 2
    share = (math.fsum(sums.values()) + size / 4) / total
    residuals = [(sums[cluster] - sizes[cluster] * share) ** 2 for cluster in sizes]
    residuals += [(size * (1 - share)) ** 2 / 4, (size * share) ** 2 / 4]
    variance = (groups + 0.5) / (groups - 0.5) * math.fsum(residuals) / total**2
    design_effect = variance / (share * (1 - share) / (total - 1))
    mean = math.fsum(sums.values()) / count
    return score_interval(mean, count / design_effect, quantile(_UPPER, groups - 1))
