"""What 1,000 simulated experiments say of intervals, tests and plans: how often they are right.

scenario = Scenario(World(by_seed=0.1), Design([200], samples=4, seeds=3), points=3)
coverage(scenario, experiments=1000, rng=numpy.random.default_rng(0))      # about 0.95
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy
from tests.helpers.simulated_experiments import Design, Drawn, World, draw, expected_of, gain_for

from regenesis.evaluation.differences import Estimate, estimate, holm_adjusted
from regenesis.experiments.power import smallest_detectable

_TOGETHER = 500
"""Experiments drawn at a time."""


@dataclass(frozen=True)
class Scenario:
    """One comparison, and the truth about it.

    Attributes:
        world: What answers depend on.
        design: What is measured.
        points: The true difference, in percentage points.
        against_method: Whether it is one from another trained method, which has no effect, and not from the base.
    """

    world: World
    design: Design
    points: float = 0.0
    against_method: bool = False


def coverage(scenario: Scenario, experiments: int, rng: numpy.random.Generator) -> float:
    """Share of intervals that hold the truth."""
    gain = gain_for(scenario.points / 100, scenario.world)
    held = [found.interval.holds(truth) for found, truth in _estimates(scenario, gain, experiments, rng)]
    return sum(held) / len(held)


def family_wise_errors(
    points: list[float], world: World, design: Design, experiments: int, rng: numpy.random.Generator
) -> dict[str, float]:
    """How often any method without an effect is found, among the means over tasks and among single tasks.

    Args:
        points: The true differences of methods from the base; those without an effect have 0.
        world: What answers depend on.
        design: What is measured.
        experiments: How many.
        rng: Where they are drawn from.
    """
    gains, tasks = [gain_for(one / 100, world) for one in points], range(len(design.questions))
    wrong = {"averages": 0, "tasks": 0}
    for drawn, number in _drawn(world, gains, design, experiments, rng):
        methods = range(len(points))
        means = holm_adjusted([estimate(drawn.against_base(number, method)) for method in methods])
        wrong["averages"] += any(means[method] < 0.05 for method in methods if not points[method])
        pairs = [(method, task) for method in methods for task in tasks]
        single = holm_adjusted([estimate(drawn.against_base(number, *pair)) for pair in pairs])
        wrong["tasks"] += any(p < 0.05 for p, (method, _) in zip(single, pairs, strict=True) if not points[method])
    return {family: count / experiments for family, count in wrong.items()}


def power(scenario: Scenario, experiments: int, rng: numpy.random.Generator) -> tuple[float, float]:
    """The smallest detectable difference that a plan would state, and how often it is found."""
    design, world = scenario.design, scenario.world
    tasks = [Counter(design.clusters(task).tolist()) for task in range(len(design.questions))]
    smallest = 0.05
    for _ in range(3):  # what is assumed depends a little on the difference itself
        stated = smallest_detectable(
            design.questions,
            design.samples,
            design.seeds,
            group_sizes=[list(groups.values()) for groups in tasks],
            against="method" if scenario.against_method else "base",
            expected=expected_of(world, gain_for(smallest, world), rng, against_method=scenario.against_method),
        )
        assert stated is not None
        smallest = stated
    found = [one.p < 0.05 for one, _ in _estimates(scenario, gain_for(smallest, world), experiments, rng)]
    return smallest, sum(found) / len(found)


def _estimates(
    scenario: Scenario, gain: float, experiments: int, rng: numpy.random.Generator
) -> Iterator[tuple[Estimate, float]]:
    """The scenario's comparison in each experiment, and its truth."""
    gains = [gain_for(0.0, scenario.world), gain] if scenario.against_method else [gain]
    for drawn, number in _drawn(scenario.world, gains, scenario.design, experiments, rng):
        if scenario.against_method:
            truth = drawn.truth[number, 1] - drawn.truth[number, 0]
            yield estimate(drawn.against_method(number, 1, 0)), float(truth)
        else:
            yield estimate(drawn.against_base(number, 0)), float(drawn.truth[number, 0])


def _drawn(
    world: World, gains: list[float], design: Design, experiments: int, rng: numpy.random.Generator
) -> Iterator[tuple[Drawn, int]]:
    """Experiments, each as its place in those that were drawn together."""
    for first in range(0, experiments, _TOGETHER):
        count = min(_TOGETHER, experiments - first)
        drawn = draw(world, gains, design, experiments=count, rng=rng)
        for number in range(count):
            yield drawn, number
