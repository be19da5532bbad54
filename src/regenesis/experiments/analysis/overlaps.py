"""What two methods solve alike, and what only one of them does: questions of the training, and of the evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from regenesis.experiments.results import FinishedRun
from regenesis.runs.status import read_questions_and_outcomes

TRAINING = "training questions"
_MOSTLY = 0.5


@dataclass(frozen=True, slots=True)
class Overlap:
    """Questions by which of two methods solved them.

    A training question is solved where more than half of the seeds' syntheses kept a path of it; a question of the
    evaluation where more than half of the answers over samples and seeds are right.

    Attributes:
        train_on: The training set.
        task: The task of the evaluation, or `training questions`.
        first: A method.
        second: Another one.
        both: Solved by both.
        first_only: By the first alone.
        second_only: By the second alone.
        neither: By none of them.
    """

    train_on: str
    task: str
    first: str
    second: str
    both: int
    first_only: int
    second_only: int
    neither: int

    @property
    def jaccard(self) -> float | None:
        """Solved by both, as a share of what any of the two solved."""
        either = self.both + self.first_only + self.second_only
        return self.both / either if either else None


Solved = Mapping[str, bool]
"""By question."""


def overlaps(runs: Sequence[FinishedRun]) -> list[Overlap]:
    """The overlap of each two methods on each training set and task.

    Raises:
        RunError: The outcomes of a run are damaged.
    """
    found = []
    for train_on in dict.fromkeys(run.train_on for run in runs):
        by_label: dict[str, list[FinishedRun]] = {}
        for run in runs:
            if run.train_on == train_on:
                by_label.setdefault(run.label, []).append(run)
        solved = {label: dict(_solved(some)) for label, some in by_label.items()}
        for first, second in combinations(solved, 2):
            found += [
                _overlap(train_on, task, (first, solved[first][task]), (second, solved[second][task]))
                for task in solved[first]
                if task in solved[second]
            ]
    return found


def _solved(runs: Sequence[FinishedRun]) -> Iterator[tuple[str, Solved]]:
    kept: dict[str, list[float]] = {}
    for run in runs:
        for question, outcome in read_questions_and_outcomes(run.folders[-1]):
            kept.setdefault(question.id, []).append(float(outcome is not None and bool(outcome.kept)))
    yield TRAINING, _mostly(kept)
    for task in runs[0].tuned:
        scores: dict[str, list[float]] = {}
        for run in runs:
            for one, score in run.tuned.get(task, {}).items():
                scores.setdefault(one, []).append(score.value)
        yield task, _mostly(scores)


def _mostly(scores: Mapping[str, Sequence[float]]) -> Solved:
    return {one: fmean(values) > _MOSTLY for one, values in scores.items()}


def _overlap(train_on: str, task: str, first: tuple[str, Solved], second: tuple[str, Solved]) -> Overlap:
    (name, mine), (other, theirs) = first, second
    pairs = [(mine[one], theirs[one]) for one in mine if one in theirs]
    return Overlap(
        train_on,
        task,
        name,
        other,
        both=pairs.count((True, True)),
        first_only=pairs.count((True, False)),
        second_only=pairs.count((False, True)),
        neither=pairs.count((False, False)),
    )
