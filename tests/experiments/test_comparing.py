from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.compared import run

from regenesis.errors import RunError
from regenesis.experiments.comparing import OVERALL, Comparison, Figure, compare_runs
from regenesis.experiments.results import FinishedRun

BASE = {"sums": "rrwwwwwwww" * 4, "riddles": "rwrwrwrwrw" * 4}
BETTER = {"sums": "rrrrrrrrww" * 4, "riddles": "rwrwrwrwrr" * 4}
WORSE = {"sums": "rwwwwwwwww" * 4, "riddles": "rwrwrwrwww" * 4}
DOMAINS = {"sums": "in-domain", "riddles": "out-of-domain"}


def both(**options: Any) -> Comparison:
    runs = [run("star", BASE, WORSE, domains=DOMAINS), run("ours", BASE, BETTER, domains=DOMAINS)]
    return compare_runs(runs, **options)


def figure(comparison: Comparison, method: str, name: str, group: int = 0) -> Figure:
    figures = comparison.groups[group].methods[method]
    return figures.averages[name] if name in figures.averages else figures.tasks[name]


def test_shares_are_means_over_questions_and_averages_are_means_over_tasks() -> None:
    comparison = compare_runs([run("ours", BASE, BETTER)])
    [group] = comparison.groups
    assert group.base_tasks == {"sums": 0.2, "riddles": 0.5}
    assert group.base_averages == pytest.approx({"all": 0.35})
    assert figure(comparison, "ours", "all").share == pytest.approx((0.8 + 0.6) / 2)


def test_a_method_is_compared_with_the_base_question_by_question() -> None:
    found = figure(both(), "ours", "sums").versus_base
    assert (found.other, found.estimate.value, found.relative) == ("base", pytest.approx(0.6), pytest.approx(3.0))
    assert found.estimate.interval.low < 0.6 < found.estimate.interval.high
    assert found.finding == "better"


def test_a_method_is_compared_with_the_best_of_the_baselines() -> None:
    found = figure(both(), "ours", "in-domain").versus_best
    assert found is not None
    assert (found.other, found.estimate.value) == ("star", pytest.approx(0.7))


def test_a_method_is_not_its_own_baseline() -> None:
    comparison = both(baselines=["star"])
    assert figure(comparison, "star", "in-domain").versus_best is None
    assert figure(comparison, "ours", "in-domain").versus_best is not None


def test_nothing_is_divided_by_a_base_that_has_nothing_right() -> None:
    comparison = compare_runs([run("ours", {"sums": "wwww"}, {"sums": "rwww"})])
    assert figure(comparison, "ours", "sums").versus_base.relative is None


def test_values_of_p_are_adjusted_for_averages_and_for_tasks_apart() -> None:
    comparison = both()
    tasks = [figure(comparison, one, task).versus_base for one in ("star", "ours") for task in BASE]
    averages = [figure(comparison, one, domain).versus_base for one in ("star", "ours") for domain in DOMAINS.values()]
    least = min(tasks, key=lambda one: one.estimate.p)
    assert least.p_adjusted == pytest.approx(4 * least.estimate.p)
    assert len(averages) == 4
    assert all(one.p_adjusted >= one.estimate.p for one in [*tasks, *averages])


def test_figures_are_means_over_seeds_and_differences_are_taken_seed_by_seed() -> None:
    runs = [run("ours", BASE, BETTER, seed=0), run("ours", BASE, BASE, seed=1)]
    comparison = compare_runs(runs)
    found = figure(comparison, "ours", "sums")
    assert (found.share, found.versus_base.estimate.seeds) == (pytest.approx(0.5), 2)
    assert comparison.seeds == [0, 1]


def test_two_methods_are_compared_on_the_seeds_that_both_have() -> None:
    runs = [run("star", BASE, WORSE), run("ours", BASE, BETTER), run("star", BASE, BETTER, seed=1)]
    found = figure(compare_runs(runs), "ours", "sums").versus_best
    assert found is not None
    assert (found.estimate.seeds, found.estimate.value) == (1, pytest.approx(0.7))


def test_only_questions_that_every_model_has_answered_count() -> None:
    short = {"sums": BETTER["sums"][:10], "riddles": BETTER["riddles"]}
    comparison = compare_runs([run("star", BASE, WORSE), run("ours", BASE, short)])
    assert comparison.questions == {"sums": 10, "riddles": 40}
    assert figure(comparison, "star", "sums").share == pytest.approx(0.1)


def test_a_task_that_not_every_run_was_evaluated_on_is_left_out() -> None:
    one_task = {"sums": BASE["sums"]}
    assert list(compare_runs([run("star", BASE, WORSE), run("ours", one_task, one_task)]).questions) == ["sums"]


def test_runs_without_a_common_question_are_refused() -> None:
    with pytest.raises(RunError, match="no common question"):
        compare_runs([run("star", {"a": "r"}, {"a": "r"}), run("ours", {"b": "r"}, {"b": "r"})])


def two_sets() -> list[FinishedRun]:
    turned = {"sums": "out-of-domain", "riddles": "in-domain"}
    return [
        run(label, BASE, tuned, train_on=train_on, domains=domains)
        for train_on, domains in (("sums", DOMAINS), ("riddles", turned))
        for label, tuned in (("star", WORSE), ("ours", BETTER))
    ]


def test_each_training_set_is_a_group_and_their_averages_come_last() -> None:
    comparison = compare_runs(two_sets())
    assert [group.name for group in comparison.groups] == ["sums", "riddles", OVERALL]
    overall = comparison.groups[-1]
    assert (overall.base_tasks, list(overall.averages)) == ({}, ["in-domain", "out-of-domain"])
    # trained on either task, and evaluated on that one
    assert figure(comparison, "ours", "in-domain", -1).share == pytest.approx((0.8 + 0.6) / 2)
    assert figure(comparison, "ours", "in-domain", -1).versus_base.estimate.value == pytest.approx((0.6 + 0.1) / 2)


def test_a_task_weighs_in_the_overall_average_as_often_as_it_occurs() -> None:
    runs = [run("ours", BASE, BETTER, train_on=one, domains=dict.fromkeys(BASE)) for one in ("first", "second")]
    runs.append(run("ours", BASE, WORSE, train_on="third", domains={"sums": "in-domain", "riddles": "in-domain"}))
    comparison = compare_runs(runs)
    found = figure(comparison, "ours", "all", -1).versus_base.estimate
    assert found.value == pytest.approx((0.6 + 0.1) / 2)


def test_training_sets_that_a_method_lacks_are_not_averaged() -> None:
    comparison = compare_runs(two_sets()[:3])
    assert list(comparison.groups[-1].methods) == ["star"]


def test_what_runs_trained_on_the_same_set_call_differently_has_no_domain() -> None:
    runs = [run("star", BASE, WORSE, domains=DOMAINS), run("ours", BASE, BETTER)]
    assert list(compare_runs(runs).groups[0].averages) == ["all"]


def test_clusters_are_counted() -> None:
    comparison = compare_runs([run("ours", {"sums": "rrww"}, {"sums": "rrrw"}, groups={"sums": "aabb"})])
    assert (comparison.questions, comparison.clusters) == ({"sums": 4}, {"sums": 2})


def test_with_several_samples_it_is_also_compared_whether_any_answer_is_right() -> None:
    runs = [run("ours", {"sums": "hhww" * 5}, {"sums": "rrww" * 5}, samples=2)]
    comparison = compare_runs(runs)
    assert comparison.coverage is not None
    assert figure(comparison, "ours", "sums").versus_base.estimate.value == pytest.approx(0.25)
    # sharper, and no question more
    assert figure(comparison.coverage, "ours", "sums").versus_base.estimate.value == 0
    assert comparison.coverage.coverage is None


def test_runs_that_asked_unequally_often_are_not_compared_by_that() -> None:
    runs = [run("star", BASE, WORSE, samples=2), run("ours", BASE, BETTER, samples=4)]
    assert compare_runs(runs).coverage is None
