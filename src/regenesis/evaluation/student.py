"""Student's t distribution in the terms of a comparison.

quantile(0.975, 9)            # 2.2621571…
two_sided_p(2.262, 9)         # 0.0500…
"""

from __future__ import annotations


def two_sided_p(t: float, df: float) -> float:
    """Probability of a value at least as far from 0 as `t`."""
    from scipy.special import stdtr

    return float(2 * stdtr(df, -abs(t)))


def quantile(probability: float, df: float) -> float:
    """The value that a share of `probability` lies below."""
    from scipy.special import stdtrit

    return float(stdtrit(df, probability))


def df_of_quantile(value: float, probability: float) -> float:
    """The degrees of freedom of which `value` is the quantile."""
    from scipy.special import stdtridf

    return float(stdtridf(probability, value))
