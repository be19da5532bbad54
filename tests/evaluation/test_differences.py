from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from regenesis.evaluation.differences import Estimate, TaskDifferences, estimate, holm_adjusted
from regenesis.evaluation.statistics import Interval

Rows = list[list[float]]


@st.composite
def tasks(draw: st.DrawFn, seeds: int | None = None) -> TaskDifferences:
    """A task of 4 to 30 questions in at least two groups, scored with 4 samples."""
    count, rows = draw(st.integers(4, 30)), seeds or draw(st.integers(1, 4))
    score = st.integers(-4, 4).map(lambda quarters: quarters / 4)
    values = draw(st.lists(st.lists(score, min_size=count, max_size=count), min_size=rows, max_size=rows))
    groups = draw(st.lists(st.sampled_from("abcdef"), min_size=count - 2, max_size=count - 2))
    return TaskDifferences(values, ["a", "b", *groups])


def ends(found: Estimate) -> tuple[float, float, float, float]:
    return found.value, found.interval.low, found.interval.high, found.p


def same(first: Estimate, second: Estimate) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9) for a, b in zip(ends(first), ends(second), strict=True))


def single(differences: Sequence[float]) -> TaskDifferences:
    return TaskDifferences([differences], [str(place) for place in range(len(differences))])


def test_single_answers_get_the_adjusted_wald_interval_with_students_quantile() -> None:
    """Airway hyper-responsiveness before and after a transplantation: (Σd² + 2 − Σ²/(n + 2)) / (n + 2)², by hand."""
    found = estimate([single([1.0] * 7 + [-1.0] + [0.0] * 13)])
    centre, wald = 6 / 23, math.sqrt((10 - 36 / 23) / 23**2)
    assert found.value == pytest.approx(6 / 21)
    assert (found.interval.low + found.interval.high) / 2 == pytest.approx(centre)
    assert (found.interval.high - centre) / (2.0859634 * wald) == pytest.approx(1, abs=0.03)
    assert found.df == 20


@given(st.lists(tasks(seeds=2), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_the_order_of_questions_tasks_and_seeds_changes_nothing(
    given_tasks: list[TaskDifferences], rng: random.Random
) -> None:
    shuffled = []
    for task in given_tasks:
        order = rng.sample(range(len(task.groups)), len(task.groups))
        rows = [[row[place] for place in order] for row in reversed(task.values)]
        shuffled.append(TaskDifferences(rows, [task.groups[place] for place in order]))
    rng.shuffle(shuffled)
    assert same(estimate(given_tasks), estimate(shuffled))


@given(tasks(seeds=1), st.integers(2, 5))
def test_one_seed_repeated_is_one_seed(task: TaskDifferences, times: int) -> None:
    repeated = TaskDifferences(list(task.values) * times, task.groups)
    assert same(estimate([task]), estimate([repeated]))


@given(st.lists(tasks(seeds=3), min_size=1, max_size=3))
def test_the_other_way_round_the_interval_is_mirrored(given_tasks: list[TaskDifferences]) -> None:
    turned = [TaskDifferences([[-x for x in row] for row in task.values], task.groups) for task in given_tasks]
    here, there = estimate(given_tasks), estimate(turned)
    mirrored = Interval(-here.interval.high, -here.interval.low)
    assert same(there, replace(here, value=-here.value, interval=mirrored))


@given(tasks(), st.sampled_from([0.5, 0.25, 0.125]))
def test_finer_scores_make_a_finer_interval(task: TaskDifferences, scale: float) -> None:
    assume(any(sum(column) for column in zip(*task.values, strict=True)))
    whole = estimate([task])
    assume(whole.interval.low > -1 and whole.interval.high < 1)
    part = estimate([TaskDifferences([[scale * x for x in row] for row in task.values], task.groups)])
    scaled = Interval(scale * whole.interval.low, scale * whole.interval.high)
    assert same(part, replace(whole, value=scale * whole.value, interval=scaled))


@given(tasks(seeds=1), st.integers(2, 4))
def test_a_task_several_times_over_is_estimated_alike_and_no_wider(task: TaskDifferences, times: int) -> None:
    one, several = estimate([task]), estimate([task] * times)
    assert several.value == pytest.approx(one.value)
    assert several.interval.high - several.interval.low <= one.interval.high - one.interval.low + 1e-9


@given(st.lists(tasks(seeds=2), min_size=1, max_size=3))
def test_an_interval_holds_its_value_has_a_width_and_agrees_with_its_test(given_tasks: list[TaskDifferences]) -> None:
    found = estimate(given_tasks)
    assert -1 <= found.interval.low <= found.value <= found.interval.high <= 1
    assert found.interval.low < found.interval.high
    if abs(found.p - 0.05) > 1e-6:
        assert (found.p < 0.05) == (not found.interval.holds(0.0))


@pytest.mark.parametrize("count", [20, 200])
def test_models_that_never_differ_leave_an_interval_with_a_width(count: int) -> None:
    found = estimate([single([0.0] * count)])
    assert found.p == 1
    assert found.interval.high == -found.interval.low == pytest.approx(2.8 / count, rel=0.2)


def test_questions_of_one_group_tell_nothing_of_others() -> None:
    found = estimate([TaskDifferences([[1.0] * 50], ["story"] * 50)])
    assert (found.value, found.interval, found.p, found.df) == (1.0, Interval(-1.0, 1.0), 1.0, 0)


def test_questions_asked_twice_within_their_group_count_once() -> None:
    differences = [1.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, 1.0] * 5
    groups = [str(place) for place in range(len(differences))]
    once = estimate([TaskDifferences([differences], groups)])
    twice = estimate([TaskDifferences([differences * 2], groups * 2)])
    assert twice.clusters == once.clusters
    assert twice.interval.high - twice.interval.low == pytest.approx(once.interval.high - once.interval.low, rel=0.05)


def test_seeds_that_disagree_widen_the_interval() -> None:
    agreeing: Rows = [[1.0, 0.0] * 50, [0.0, 1.0] * 50, [1.0, 0.0] * 50]
    disagreeing: Rows = [[1.0] * 100, [0.0] * 100, [1.0, 0.0] * 50]
    groups = [str(place) for place in range(100)]
    narrow, wide = (estimate([TaskDifferences(rows, groups)]) for rows in (agreeing, disagreeing))
    assert narrow.value == wide.value
    assert wide.interval.high - wide.interval.low > 5 * (narrow.interval.high - narrow.interval.low)
    assert wide.df == pytest.approx(2, abs=0.1)


def test_a_large_group_weighs_more_than_its_questions() -> None:
    rng = random.Random(0)
    rows = [[rng.choice([-1.0, 0.0, 1.0]) for _ in range(60)]]
    alone = estimate([TaskDifferences(rows, [str(place) for place in range(60)])])
    rows[0][:30] = [1.0] * 30
    grouped = estimate([TaskDifferences(rows, ["large"] * 30 + [str(place) for place in range(30)])])
    assert grouped.interval.high - grouped.interval.low > 2 * (alone.interval.high - alone.interval.low)


def test_tasks_of_different_seeds_make_no_estimate() -> None:
    with pytest.raises(ValueError, match="same seeds"):
        estimate([single([0.0, 1.0]), TaskDifferences([[0.0, 1.0], [0.0, 0.0]], ["a", "b"])])


@pytest.mark.parametrize("task", [single([]), TaskDifferences([[0.0, 1.0]], ["a"]), TaskDifferences([], [])])
def test_differences_and_groups_have_to_match(task: TaskDifferences) -> None:
    with pytest.raises(ValueError, match="one group a question"):
        estimate([task])


def test_several_tests_are_adjusted_by_holms_procedure() -> None:
    found = [Estimate(0.1, Interval(0, 0.2), p, 9, 1, 10, 10) for p in (0.01, 0.04, 0.03)]
    assert holm_adjusted(found) == pytest.approx([0.03, 0.06, 0.06])
