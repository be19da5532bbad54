"""A small form of `benchmarks/interval_coverage.py`, with enough experiments to tell a fault."""

from __future__ import annotations

import numpy
import pytest
from tests.helpers.interval_checks import Scenario, coverage, family_wise_errors, power
from tests.helpers.simulated_experiments import Design, World, gain_for, true_difference

EXPERIMENTS = 400


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(World(), Design([200])),
        Scenario(World(), Design([200], samples=4), 6),
        Scenario(World(by_group=0.7, gain_by_group=0.5), Design([200], samples=4, grouped=True), 3),
        Scenario(World(by_seed=0.3), Design([100], samples=4, seeds=3), 3),
        Scenario(World(by_seed=0.1), Design([100, 60], samples=2, seeds=3), 3),
        Scenario(World(by_seed=0.15), Design([100], samples=4, seeds=3), 3, against_method=True),
    ],
    ids=["no effect", "an effect", "groups", "wild seeds", "two tasks", "another method"],
)
def test_intervals_hold_the_truth_as_often_as_they_say(scenario: Scenario) -> None:
    assert 0.92 <= coverage(scenario, EXPERIMENTS, numpy.random.default_rng(7)) <= 0.985


def test_a_method_without_effect_is_found_in_one_family_out_of_twenty_at_most() -> None:
    errors = family_wise_errors([0, 6, 0], World(), Design([100, 60]), EXPERIMENTS, numpy.random.default_rng(7))
    assert max(errors.values()) <= 0.06


@pytest.mark.parametrize("design", [Design([200], samples=4), Design([100, 60], samples=4, seeds=3)])
def test_the_smallest_detectable_difference_is_found_four_times_out_of_five(design: Design) -> None:
    world = World(by_seed=0.1 if design.seeds > 1 else 0.0)
    _, found = power(Scenario(world, design), EXPERIMENTS, numpy.random.default_rng(7))
    assert found == pytest.approx(0.8, abs=0.06)


def test_a_gain_is_found_from_the_difference_that_it_makes() -> None:
    world = World(by_group=0.5, by_seed=0.2)
    assert true_difference(gain_for(0.06, world), world) == pytest.approx(0.06, abs=1e-6)
    assert gain_for(0.0, World(gain_by_question=0.0)) == pytest.approx(0.0, abs=1e-6)
