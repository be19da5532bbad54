"""Many simulated experiments at once, whose true differences are known: the simulated engine's rule in arrays.

world = World(by_seed=0.1)
gain = gain_for(0.03, world)                       # 3 points
drawn = draw(world, [gain], Design([200], samples=4, seeds=3), experiments=1000, rng=numpy.random.default_rng(0))
estimate(drawn.against_base(0, 0))                 # experiment 0, method 0
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import NormalDist

import numpy

from regenesis.evaluation.differences import TaskDifferences
from regenesis.experiments.power import Expected

_SIZES = (1, 2, 3, 4, 5, 6, 7)
"""Of groups that are not all alike, over and over."""


@dataclass(frozen=True)
class World:
    """What answers depend on, in log-odds; the names are those of the simulated engine's parameters.

    Attributes:
        mean: Skill at a question of average difficulty.
        by_question: Spread of difficulty over questions.
        by_group: Spread of difficulty over groups.
        gain_by_question: Spread of a method's gain over questions.
        gain_by_group: Spread of a method's gain over groups.
        by_seed: Spread of a method's gain over seeds.
    """

    mean: float = 0.0
    by_question: float = 1.5
    by_group: float = 0.0
    gain_by_question: float = 0.3
    gain_by_group: float = 0.0
    by_seed: float = 0.0


@dataclass(frozen=True)
class Design:
    """What is measured.

    Attributes:
        questions: Of each task.
        samples: Answers to each question.
        seeds: Of each method.
        grouped: Whether questions belong to groups of 1 to 7, or each is its own.
    """

    questions: Sequence[int]
    samples: int = 1
    seeds: int = 1
    grouped: bool = False

    def clusters(self, task: int) -> numpy.ndarray:
        """The group of each question of a task."""
        count = self.questions[task]
        if not self.grouped:
            return numpy.arange(count)
        return numpy.repeat(numpy.arange(count), numpy.resize(_SIZES, count))[:count]


@dataclass(frozen=True)
class Drawn:
    """Experiments that were drawn.

    Attributes:
        base: By task, the base's scores: experiments × questions.
        trained: By task, the scores of trained models: experiments × methods × seeds × questions.
        truth: The difference of each method from the base: experiments × methods.
        groups: By task, the group of each question.
    """

    base: list[numpy.ndarray]
    trained: list[numpy.ndarray]
    truth: numpy.ndarray
    groups: list[list[str]] = field(repr=False)

    def against_base(self, experiment: int, method: int, task: int | None = None) -> list[TaskDifferences]:
        """A method's differences from the base, on all tasks or one."""
        return [
            TaskDifferences(trained[experiment, method] - base[experiment], groups)
            for base, trained, groups in self._tasks(task)
        ]

    def against_method(self, experiment: int, method: int, other: int) -> list[TaskDifferences]:
        """A method's differences from another method."""
        return [
            TaskDifferences(trained[experiment, method] - trained[experiment, other], groups)
            for _, trained, groups in self._tasks(None)
        ]

    def _tasks(self, task: int | None) -> Iterator[tuple[numpy.ndarray, numpy.ndarray, list[str]]]:
        chosen = range(len(self.groups)) if task is None else [task]
        return ((self.base[place], self.trained[place], self.groups[place]) for place in chosen)


def draw(
    world: World, gains: Sequence[float], design: Design, *, experiments: int, rng: numpy.random.Generator
) -> Drawn:
    """Draws experiments in which each method has the gain given."""
    luck = world.by_seed * rng.standard_normal((experiments, len(gains), design.seeds, 1))
    base, trained, groups = [], [], []
    for task in range(len(design.questions)):
        cluster = design.clusters(task)
        skill, gain = _log_odds(world, cluster, experiments, len(gains), rng)
        with_gain = skill[:, None, None, :] + numpy.asarray(gains)[None, :, None, None] + gain[:, :, None, :] + luck
        base.append(rng.binomial(design.samples, _logistic(skill)) / design.samples)
        trained.append(rng.binomial(design.samples, _logistic(with_gain)) / design.samples)
        groups.append([str(one) for one in cluster])
    if design.seeds == 1:  # then an estimate is about the models at hand
        at_hand = [[gain + extra for gain, extra in zip(gains, row, strict=True)] for row in luck[:, :, 0, 0]]
        truth = [[true_difference(gain, world, over_seeds=False) for gain in row] for row in at_hand]
    else:
        truth = [[true_difference(gain, world) for gain in gains]] * experiments
    return Drawn(base, trained, numpy.array(truth), groups)


@lru_cache(maxsize=100_000)
def true_difference(gain: float, world: World, *, over_seeds: bool = True) -> float:
    """Mean difference from the base over all questions, and over all seeds or for one of that very gain."""
    difficulty = world.by_question**2 + world.by_group**2
    of_gain = world.gain_by_question**2 + world.gain_by_group**2 + (world.by_seed**2 if over_seeds else 0.0)
    return _mean_chance(world.mean + gain, difficulty + of_gain) - _mean_chance(world.mean, difficulty)


def gain_for(difference: float, world: World) -> float:
    """The gain whose true difference, over all seeds, is this."""
    low, high = -10.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if true_difference(middle, world) < difference else (low, middle)
    return (low + high) / 2


def expected_of(world: World, gain: float, rng: numpy.random.Generator, *, against_method: bool = False) -> Expected:
    """What a plan would assume if it knew the world."""
    cluster = numpy.repeat(numpy.arange(100_000), 2)
    skill, of_gain = _log_odds(world, cluster, 1, 2, rng)
    first = _logistic(skill[0] + (gain_for(0.0, world) + of_gain[0, 1] if against_method else 0.0))
    second = _logistic(skill[0] + gain + of_gain[0, 0])
    accuracy = float(first.mean() + second.mean()) / 2
    spread = float(first.var() + second.var()) / 2
    difference = second - first
    luck = [world.by_seed * NormalDist().inv_cdf((place + 0.5) / 200) for place in range(200)]
    lucky = [true_difference(gain + extra, world, over_seeds=False) for extra in luck]
    return Expected(
        accuracy=accuracy,
        by_question=spread / (accuracy * (1 - accuracy)),
        correlation=1 - float(difference.var()) / (2 * spread),
        by_group=float(numpy.corrcoef(difference.reshape(-1, 2).T)[0, 1]) if world.gain_by_group else 0.0,
        seed_spread=float(numpy.std(lucky)),
    )


def _log_odds(
    world: World, cluster: numpy.ndarray, experiments: int, methods: int, rng: numpy.random.Generator
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Skill at each question (experiments × questions), and each method's gain beyond its mean (× methods ×)."""
    count, clusters = len(cluster), int(cluster[-1]) + 1
    skill = world.mean + world.by_question * rng.standard_normal((experiments, count))
    gain = world.gain_by_question * rng.standard_normal((experiments, methods, count))
    if world.by_group:
        skill += world.by_group * rng.standard_normal((experiments, clusters))[:, cluster]
    if world.gain_by_group:
        gain += world.gain_by_group * rng.standard_normal((experiments, methods, clusters))[:, :, cluster]
    return skill, gain


def _logistic(odds: numpy.ndarray) -> numpy.ndarray:
    return 1 / (1 + numpy.exp(-odds))


_NODES, _WEIGHTS = numpy.polynomial.hermite_e.hermegauss(80)


def _mean_chance(mean: float, variance: float) -> float:
    """Mean of the logistic function over normal log-odds, by quadrature."""
    return float((_WEIGHTS * _logistic(mean + variance**0.5 * _NODES)).sum() / _WEIGHTS.sum())
