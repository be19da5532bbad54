"""Scores of finished runs on their common questions, and the differences between models on any part of them.

scores = Scores(runs)
scores.estimate([("gsm8k", "svamp")], "regenesis", "rejection")      # trained on gsm8k, evaluated on svamp
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from regenesis.errors import RunError
from regenesis.evaluation.differences import Estimate, TaskDifferences, estimate
from regenesis.experiments.results import FinishedRun, TaskScores

if TYPE_CHECKING:
    import numpy

Part = tuple[str, str]
"""A training set, and a task that the models trained on it are evaluated on."""


class Scores:
    """Shares of right answers, question by question.

    Attributes:
        labels: Methods in order.
        training_sets: Training sets in order.
        questions: Ids of the questions that every model of every run has answered, by task.
        clusters: Their clusters, in the same order.
    """

    def __init__(self, runs: Sequence[FinishedRun]) -> None:
        """Takes the runs, at most one for each method, training set and seed.

        Raises:
            RunError: They have no answered question in common.
        """
        self._runs = {(run.label, run.train_on, run.seed): run for run in runs}
        self.labels = list(dict.fromkeys(run.label for run in runs))
        self.training_sets = list(dict.fromkeys(run.train_on for run in runs))
        tasks = {task: _common([scores[task] for scores in _all(runs) if task in scores]) for task in runs[0].base}
        everywhere = [task for task in tasks if all(task in scores for scores in _all(runs))]
        self.questions = {task: tasks[task] for task in everywhere if tasks[task]}
        if not self.questions:
            raise RunError(
                "These runs were evaluated on no common question, so they cannot be compared. Evaluate them on the "
                "same tasks: regenesis evaluate RUN --tasks …"
            )
        first = runs[0].base
        self.clusters = {task: [first[task][one].group for one in ids] for task, ids in self.questions.items()}
        self._known: dict[tuple[int, str], numpy.ndarray] = {}

    def methods(self, parts: Sequence[Part]) -> list[str]:
        """Methods with a seed of which every part is there."""
        return [label for label in self.labels if self.seeds(parts, label)]

    def seeds(self, parts: Sequence[Part], *labels: str) -> list[int]:
        """Seeds of which every part is there, of all these methods."""
        wanted = [(label, train_on) for label in labels for train_on in {train_on for train_on, _ in parts}]
        known = [{seed for label, on, seed in self._runs if (label, on) == one} for one in wanted]
        return sorted(set.intersection(*known))

    def domain(self, train_on: str, task: str) -> str | None:
        """Whether a task is in-domain for a training set; `None` where the runs do not agree on it."""
        said = {run.domains.get(task) for (_, on, _), run in self._runs.items() if on == train_on}
        return said.pop() if len(said) == 1 else None

    def runs_of(self, parts: Sequence[Part], label: str) -> list[FinishedRun]:
        """The runs of a method that a figure over these parts is made of."""
        sets = dict.fromkeys(train_on for train_on, _ in parts)
        return [self._runs[label, train_on, seed] for train_on in sets for seed in self.seeds(parts, label)]

    def share(self, label: str, parts: Sequence[Part], seeds: Sequence[int] | None = None) -> float:
        """A method's share of right answers: the mean over parts and seeds, all that there are if left out."""
        return fmean(
            self._mean(self._runs[label, train_on, seed].tuned, task)
            for train_on, task in parts
            for seed in (self.seeds(parts, label) if seeds is None else seeds)
        )

    def base_share(self, parts: Sequence[Part], label: str | None = None) -> float:
        """The base model's share of right answers, as the runs of a method, or else all runs, have evaluated it."""
        return fmean(
            self._mean(self._runs[one, train_on, seed].base, task)
            for one in (self.methods(parts) if label is None else [label])
            for train_on, task in parts
            for seed in self.seeds(parts, one)
        )

    def estimate(self, parts: Sequence[Part], label: str, other: str | None) -> Estimate:
        """The mean difference over some parts between a method and another, or the base where there is no other.

        A task that several parts have in common is one sample of questions, so its differences are averaged first.
        """
        seeds = self.seeds(parts, label, *([other] if other is not None else []))
        tasks = list(dict.fromkeys(task for _, task in parts))
        return estimate([self._task(parts, task, len(tasks), seeds, label, other) for task in tasks])

    def _task(
        self, parts: Sequence[Part], task: str, tasks: int, seeds: Sequence[int], label: str, other: str | None
    ) -> TaskDifferences:
        # a task counts as often as it occurs, while the mean over tasks gives each the same weight
        weight = tasks / len(parts)
        sets = [train_on for train_on, one in parts if one == task]
        values: list[Any] = [
            weight * sum(self._difference(train_on, seed, label, other, task) for train_on in sets) for seed in seeds
        ]
        return TaskDifferences(values, self.clusters[task])

    def _difference(self, train_on: str, seed: int, label: str, other: str | None, task: str) -> numpy.ndarray:
        mine = self._runs[label, train_on, seed]
        theirs = mine.base if other is None else self._runs[other, train_on, seed].tuned
        difference: numpy.ndarray = self._values(mine.tuned, task) - self._values(theirs, task)
        return difference

    def _mean(self, scores: Mapping[str, TaskScores], task: str) -> float:
        return float(self._values(scores, task).mean())

    def _values(self, scores: Mapping[str, TaskScores], task: str) -> numpy.ndarray:
        """Scores in the order of the questions, which are looked up once: every figure of a table needs them."""
        import numpy

        key = (id(scores), task)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = numpy.array([scores[task][one].value for one in self.questions[task]])
        return known


def _all(runs: Sequence[FinishedRun]) -> Iterator[Mapping[str, TaskScores]]:
    for run in runs:
        yield run.base
        yield run.tuned


def _common(scores: Sequence[TaskScores]) -> list[str]:
    """Questions that all of them have, in the first one's order."""
    if not scores:
        return []
    everywhere = set(scores[0]).intersection(*scores[1:])
    return [one for one in scores[0] if one in everywhere]
