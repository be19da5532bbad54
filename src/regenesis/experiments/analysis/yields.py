"""What the synthesis gave: paths by guideline and task, and without and with the hint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from regenesis.curation.funnel import Funnel, Tally
from regenesis.experiments.results import FinishedRun
from regenesis.runs.status import read_outcomes

_PASSES = {"first": "unhinted", "hinted": "hinted"}


@dataclass(frozen=True, slots=True)
class Yield:
    """What one part of a method's chains came to, over all seeds.

    Attributes:
        method: The method.
        train_on: The training set.
        task: The task of the questions.
        part: The guideline, or whether the answer was shown.
        questions: Questions with such a chain.
        solved: Questions with a kept path of one.
        chains: Chains begun; one of several guidelines counts for each.
        parsed: Chains with an answer that could be read.
        correct: Chains with the right answer.
        fit: Of those, paths without a defect.
        kept: Of those, paths chosen.
    """

    method: str
    train_on: str
    task: str
    part: str
    questions: int
    solved: int
    chains: int
    parsed: int
    correct: int
    fit: int
    kept: int

    @property
    def share(self) -> float:
        """Of its chains, those that gave a correct path fit to train on."""
        return self.fit / self.chains


def yields(runs: Sequence[FinishedRun]) -> tuple[list[Yield], list[Yield]]:
    """Yields by guideline × task, and by pass × task.

    Raises:
        RunError: The outcomes of a run are damaged.
    """
    funnels: dict[tuple[str, str, str], Funnel] = {}
    for run in runs:
        for outcome in chain.from_iterable(map(read_outcomes, run.folders)):
            funnel = funnels.setdefault((run.label, run.train_on, outcome.question.task), Funnel())
            funnel.finish_question(outcome.question, outcome.judged, outcome.kept)
    by_guideline, by_pass = [], []
    for place, funnel in funnels.items():
        by_guideline += _rows(place, dict(sorted(funnel.guidelines.items())))
        by_pass += _rows(place, {_PASSES[name]: tally for name, tally in sorted(funnel.passes.items())})
    return by_guideline, by_pass


def _rows(place: tuple[str, str, str], tallies: Mapping[str, Tally]) -> list[Yield]:
    return [
        Yield(
            *place,
            part,
            questions=tally.questions,
            solved=tally.served,
            chains=tally.chains,
            parsed=tally.parsed,
            correct=tally.correct,
            fit=tally.fit,
            kept=tally.kept,
        )
        for part, tally in tallies.items()
    ]
