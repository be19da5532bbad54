"""Student's t distribution: tail, quantile and the power of its test, for any degrees of freedom.

    quantile(0.975, 9)            # 2.2621571…
    two_sided_p(2.262, 9)         # 0.0500…
    needed_shift(0.8, 9)          # 3.1…: standard errors that are found with a power of 80 %

Written here because nothing else would need scipy.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
_AS_NORMAL = 1e7
"""Degrees of freedom from which the normal distribution is the same to eight digits."""


def two_sided_p(t: float, df: float) -> float:
    """Probability of a value at least as far from 0 as `t`."""
    if math.isinf(t):
        return 0.0
    if df >= _AS_NORMAL:
        return math.erfc(abs(t) / math.sqrt(2))
    return _incomplete_beta(df / 2, 0.5, df / (df + t * t), (t * t) / (df + t * t))


@lru_cache(maxsize=4096)
def quantile(probability: float, df: float) -> float:
    """The value that a share of `probability`, at least a half, lies below."""
    tail = 2 * (1 - probability)
    t = _NORMAL.inv_cdf(probability)
    if df >= _AS_NORMAL or t <= 0:
        return max(t, 0.0)
    # the tail is convex and falling, and the normal quantile lies left of the root: Newton's steps never overshoot
    for _ in range(500):
        step = (two_sided_p(t, df) - tail) / (2 * _density(t, df))
        t += step
        if step <= 1e-12 * t:
            break
    return t


def df_of_quantile(value: float, probability: float, low: float, high: float) -> float:
    """The degrees of freedom, between `low` and `high`, of which `value` is the quantile."""
    tail = 2 * (1 - probability)
    while high - low > 1e-9 * high:
        middle = math.sqrt(low * high)
        # fewer degrees of freedom, heavier tails
        if two_sided_p(value, middle) > tail:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=1024)
def needed_shift(power: float, df: float, level: float = 0.05) -> float:
    """How many standard errors from 0 a mean has to lie for a two-sided test to find it with this power."""
    critical = quantile(1 - level / 2, df)
    low, high = 0.0, 2 * (critical + quantile(max(power, 0.5), df))
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if _power(middle, critical, df) < power:
            low = middle
        else:
            high = middle
    return high


def _power(shift: float, critical: float, df: float) -> float:
    """Share of tests that find a mean `shift` standard errors above 0, with the estimated errors' own spread."""
    if df >= _AS_NORMAL:
        return _NORMAL.cdf(shift - critical)
    # the estimated standard error is the true one times s, df·s² being chi-square: integrated by Simpson's rule
    reach = 8 / math.sqrt(2 * df)
    low, high, count = max(1e-9, 1 - reach), 1 + reach, 400
    width = (high - low) / count
    constant = math.log(2) + df / 2 * math.log(df / 2) - math.lgamma(df / 2)
    found = whole = 0.0
    for place in range(count + 1):
        s = low + place * width
        weight = 1 if place in (0, count) else 4 if place % 2 else 2
        density = weight * math.exp(constant + (df - 1) * math.log(s) - df * s * s / 2)
        found += density * _NORMAL.cdf(shift - critical * s)
        whole += density
    return found / whole


def _density(t: float, df: float) -> float:
    constant = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - math.log(df * math.pi) / 2
    return math.exp(constant - (df + 1) / 2 * math.log1p(t * t / df))


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """The regularised incomplete beta function at `x`; `rest` is 1 − x, without the digits that this would lose."""
    if x <= 0:
        return 0.0
    if rest <= 0:
        return 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest))
    # the fraction converges fast on this side of the mean, and the function is symmetric
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, rest) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1), tiny)
    value = d
    for m in range(1, 1000):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + factor * d, tiny)
            c = _away_from_zero(1 + factor / c, tiny)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _away_from_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
