"""Student's t distribution in the terms of a comparison.

quantile(0.975, 9)            # 2.2621571…
two_sided_p(2.262, 9)         # 0.0500…
needed_shift(0.8, 9)          # 3.1…: standard errors that are found with a power of 80 %
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


def needed_shift(power: float, df: float, level: float = 0.05) -> float:
    """How many standard errors from 0 a mean has to lie for a two-sided test to find it with this power."""
    from scipy.special import nctdtrinc

    # the other tail's share of the power is left out: it is nothing where the power is worth planning for
    return float(nctdtrinc(df, 1 - power, quantile(1 - level / 2, df)))
