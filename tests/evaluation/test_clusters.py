from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.evaluation.clusters import share_interval
from regenesis.evaluation.differences import TaskDifferences, estimate
from regenesis.evaluation.statistics import wilson
from regenesis.evaluation.student import quantile

scores = st.lists(st.fractions(0, 1, max_denominator=8), min_size=2, max_size=30)


def alone(values: list[Fraction]) -> list[str]:
    return [str(place) for place in range(len(values))]


@given(scores)
def test_an_interval_holds_the_mean_lies_within_0_and_1_and_has_a_width(values: list[Fraction]) -> None:
    found = share_interval(values, alone(values))
    assert 0 <= found.low <= sum(values) / len(values) <= found.high <= 1
    assert found.high - found.low > 0.001


@given(st.lists(st.booleans(), min_size=10, max_size=100))
def test_single_answers_to_independent_questions_are_as_sure_as_wilsons_interval_says(right: list[bool]) -> None:
    values = [Fraction(one) for one in right]
    found, plain = share_interval(values, alone(values)), wilson(sum(right), len(right))
    # but for the quantile, which is Student's, and enters squared where nearly all or none are right
    ratio = quantile(0.975, len(right) - 1) / quantile(0.975, 1e9)
    assert 1 <= (found.high - found.low) / (plain.high - plain.low) <= ratio**2 + 1e-9


def test_questions_that_only_repeat_each_other_count_once() -> None:
    values = [Fraction(place % 3 == 0) for place in range(60)]
    repeated = share_interval(values * 4, alone(values) * 4)
    once = share_interval(values, alone(values))
    assert repeated.low == pytest.approx(once.low, abs=0.001)
    assert repeated.high == pytest.approx(once.high, abs=0.001)


def test_answers_that_differ_by_chance_alone_make_a_mean_surer() -> None:
    same = share_interval([Fraction(1, 2)] * 40, [str(place) for place in range(40)])
    sure = share_interval([Fraction(place % 2) for place in range(40)], [str(place) for place in range(40)])
    assert same.high - same.low < 0.5 * (sure.high - sure.low)


def test_one_cluster_says_nothing_of_others() -> None:
    assert share_interval([Fraction(1, 2)] * 9, ["one"] * 9).high == 1
    assert estimate([TaskDifferences([[0.5] * 9], ["one"] * 9)]).p == 1


def draw(generator: random.Random, clusters: int, size: int, samples: int) -> list[Fraction]:
    """Shares of right answers to questions in clusters of one size, with 60 % right on average."""
    found = []
    for _ in range(clusters):
        shared = generator.betavariate(3, 2)
        for _ in range(size):
            chance = generator.betavariate(6 * shared + 0.01, 6 * (1 - shared) + 0.01)
            found.append(Fraction(sum(generator.random() < chance for _ in range(samples)), samples))
    return found


@pytest.mark.parametrize(("clusters", "size", "samples"), [(40, 1, 4), (100, 1, 8), (40, 5, 1), (25, 4, 4)])
def test_intervals_of_a_mean_cover_it_19_times_in_20(clusters: int, size: int, samples: int) -> None:
    generator, held, trials = random.Random(clusters), 0, 400
    names = [str(cluster) for cluster in range(clusters) for _ in range(size)]
    for _ in range(trials):
        held += share_interval(draw(generator, clusters, size, samples), names).holds(0.6)
    assert 0.925 <= held / trials <= 0.985


@pytest.mark.parametrize(("clusters", "size", "samples"), [(60, 1, 4), (40, 5, 1)])
def test_intervals_of_a_difference_cover_it_and_their_test_finds_nothing_where_nothing_is(
    clusters: int, size: int, samples: int
) -> None:
    generator, held, found, trials = random.Random(clusters), 0, 0, 400
    names = [str(cluster) for cluster in range(clusters) for _ in range(size)]
    for _ in range(trials):
        pairs = zip(*(draw(generator, clusters, size, samples) for _ in range(2)), strict=True)
        of_runs = estimate([TaskDifferences([[float(second - first) for first, second in pairs]], names)])
        held += of_runs.interval.holds(0)
        found += of_runs.p < 0.05
    assert 0.925 <= held / trials <= 0.985
    assert found == trials - held
