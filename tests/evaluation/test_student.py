from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.evaluation.student import df_of_quantile, quantile, two_sided_p

# 8 decimals, as statistical packages give them
QUANTILES = {
    0.75: {0.7: 1.20033074, 1: 1.0, 3.3: 0.75597168, 57.5: 0.67878046},
    0.95: {1: 6.31375151, 2: 2.91998558, 10: 1.81246112, 200: 1.6525081},
    0.975: {0.7: 36.61141503, 1: 12.70620474, 2: 4.30265273, 3.3: 3.02487446, 10: 2.22813885, 1e5: 1.95998771},
    0.9995: {1: 636.61924877, 2: 31.59905458, 10: 4.58689386, 200: 3.33983541},
}


@pytest.mark.parametrize(
    ("probability", "df", "value"), [(p, df, value) for p, row in QUANTILES.items() for df, value in row.items()]
)
def test_quantiles_are_as_tabulated(probability: float, df: float, value: float) -> None:
    assert quantile(probability, df) == pytest.approx(value, rel=1e-8)


@pytest.mark.parametrize(
    ("t", "df", "p"), [(0.5, 3, 0.651447965), (2.5, 7.5, 0.0388202583), (4, 40, 2.659123957e-4), (0, 9, 1.0)]
)
def test_tails_are_as_tabulated(t: float, df: float, p: float) -> None:
    assert two_sided_p(t, df) == two_sided_p(-t, df) == pytest.approx(p, rel=1e-8)


@given(st.floats(0.5, 0.9999), st.floats(0.5, 1e8))
def test_a_quantile_leaves_its_tail(probability: float, df: float) -> None:
    assert two_sided_p(quantile(probability, df), df) == pytest.approx(2 * (1 - probability), rel=1e-6)


@given(st.floats(1, 1000))
def test_degrees_of_freedom_are_found_from_their_quantile(df: float) -> None:
    assert df_of_quantile(quantile(0.975, df), 0.975) == pytest.approx(df, rel=1e-4)
