from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.evaluation.statistics import (
    Interval,
    Paired,
    difference_interval,
    finding,
    holm,
    mcnemar,
    mean_interval,
    wilson,
)

counts = st.integers(0, 400)
tables = st.builds(Paired, counts, counts, counts, counts).filter(lambda paired: paired.questions > 0)
proportions = st.integers(1, 500).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count)))


# R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), 857-872,
# table I, method 3
@pytest.mark.parametrize(
    ("right", "questions", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_as_published(right: int, questions: int, low: float, high: float) -> None:
    found = wilson(right, questions)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


PUBLISHED_TABLES = [
    # Altman, Machin, Bryant, Gardner, Statistics with confidence (2000), table 6.2
    (Paired(14, 0, 5, 22), 0.011, 0.226),
    # Fagerland, Lydersen, Laake, Recommended tests and confidence intervals for paired binomial proportions, Statistics
    # in Medicine 33 (2014), 2850-2875: airway hyper-responsiveness before and after stem cell transplantation
    (Paired(1, 7, 1, 12), -0.507, -0.026),
]


@pytest.mark.parametrize(("paired", "low", "high"), PUBLISHED_TABLES)
def test_intervals_of_paired_differences_are_as_published(paired: Paired, low: float, high: float) -> None:
    found = difference_interval(paired)
    assert (round(found.low, 3), round(found.high, 3)) == (low, high)


# Fagerland, Lydersen, Laake, The McNemar test for binary matched-pairs data, BMC Medical Research Methodology 13:91
# (2013), exact conditional test
@pytest.mark.parametrize(("paired", "p"), [(Paired(1, 7, 1, 12), 0.0703), (Paired(59, 16, 6, 80), 0.0525)])
def test_exact_mcnemar_values_are_as_published(paired: Paired, p: float) -> None:
    assert round(float(mcnemar(paired)), 4) == p


def test_the_exact_test_adds_up_both_tails() -> None:
    for first in range(9):
        for second in range(9):
            trials, fewer = first + second, min(first, second)
            tail = sum(math.comb(trials, right) for right in range(fewer + 1))
            assert mcnemar(Paired(3, first, second, 4)) == min(Fraction(1), Fraction(2 * tail, 2**trials))


def test_models_that_never_disagree_are_not_told_apart() -> None:
    same = Paired(30, 0, 0, 20)
    assert mcnemar(same) == 1
    assert finding(difference_interval(same)) == "inconclusive"
    assert difference_interval(same).low < 0 < difference_interval(same).high


def test_holm_adjusts_as_in_a_worked_case() -> None:
    values = [Fraction(1, 100), Fraction(4, 100), Fraction(3, 100), Fraction(5, 1000)]
    assert holm(values) == [Fraction(3, 100), Fraction(6, 100), Fraction(6, 100), Fraction(2, 100)]
    assert holm([]) == []


@given(st.lists(st.fractions(0, 1), min_size=1, max_size=12))
def test_holm_lowers_no_value_and_keeps_their_order(values: list[Fraction]) -> None:
    adjusted = holm(values)
    assert all(value <= after <= 1 for value, after in zip(values, adjusted, strict=True))
    by_value = sorted(range(len(values)), key=lambda place: values[place])
    assert [adjusted[place] for place in by_value] == sorted(adjusted)


@given(proportions)
def test_a_wilson_interval_holds_its_proportion_and_mirrors(pair: tuple[int, int]) -> None:
    right, questions = pair
    found, mirrored = wilson(right, questions), wilson(questions - right, questions)
    assert 0 <= found.low <= right / questions <= found.high <= 1
    assert found.low < found.high
    assert found.low == pytest.approx(1 - mirrored.high, abs=1e-12)


@given(tables)
def test_an_interval_of_a_difference_holds_it_stays_in_bounds_and_turns_round(paired: Paired) -> None:
    found = difference_interval(paired)
    turned = difference_interval(Paired(paired.both, paired.second, paired.first, paired.neither))
    assert -1 <= found.low <= float(paired.difference) <= found.high <= 1
    assert found.low == pytest.approx(-turned.high, abs=1e-12)
    assert mcnemar(paired) == mcnemar(Paired(paired.both, paired.second, paired.first, paired.neither))


@given(proportions)
def test_the_mean_over_one_task_is_that_task(pair: tuple[int, int]) -> None:
    own = wilson(*pair)
    found = mean_interval([Fraction(*pair)], [own])
    assert (found.low, found.high) == (pytest.approx(own.low, abs=1e-12), pytest.approx(own.high, abs=1e-12))


def test_the_mean_over_four_like_tasks_is_known_twice_as_well() -> None:
    one = wilson(30, 60)
    four = mean_interval([Fraction(1, 2)] * 4, [one] * 4)
    assert four.high - four.low == pytest.approx((one.high - one.low) / 2)


def test_an_interval_that_touches_0_holds_it() -> None:
    assert finding(Interval(0.0, 0.2)) == finding(Interval(-0.2, 0.0)) == "inconclusive"
    assert (finding(Interval(0.001, 0.2)), finding(Interval(-0.2, -0.001))) == ("better", "worse")


def drawn(chances: tuple[float, float, float], questions: int, random: random.Random) -> Paired:
    """Both right, the first alone, the second alone; the rest neither."""
    counts = [0, 0, 0, 0]
    for _ in range(questions):
        point, place = random.random(), 0
        while place < 3 and point >= sum(chances[: place + 1]):
            place += 1
        counts[place] += 1
    return Paired(*counts)


@pytest.mark.parametrize(
    ("chances", "questions"),
    [((0.45, 0.05, 0.05), 60), ((0.3, 0.05, 0.2), 60), ((0.9, 0.02, 0.06), 60), ((0.02, 0.02, 0.05), 100)],
)
def test_95_of_100_intervals_hold_the_true_difference(chances: tuple[float, float, float], questions: int) -> None:
    random_ = random.Random(5)
    true = chances[2] - chances[1]
    held = sum(difference_interval(drawn(chances, questions, random_)).holds(true) for _ in range(1500))
    assert 0.935 <= held / 1500 <= 0.995


def test_95_of_100_intervals_hold_the_true_mean_difference_over_unlike_tasks() -> None:
    tasks = [((0.3, 0.05, 0.2), 40), ((0.9, 0.02, 0.06), 25), ((0.1, 0.1, 0.05), 80)]
    random_ = random.Random(6)
    true = sum(chances[2] - chances[1] for chances, _ in tasks) / len(tasks)
    held = 0
    for _ in range(1000):
        paired = [drawn(chances, questions, random_) for chances, questions in tasks]
        held += mean_interval([one.difference for one in paired], [difference_interval(one) for one in paired]).holds(
            true
        )
    assert 0.935 <= held / 1000 <= 0.99
