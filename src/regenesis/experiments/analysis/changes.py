"""What training won and lost, question by question, with the answers before and after side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from regenesis.evaluation.result_tables import ResultRow
from regenesis.experiments.results import FinishedRun, answers, prompts

Outcome = Literal["won", "lost", "same"]


@dataclass(frozen=True, slots=True)
class Change:
    """One question before and after training; of several samples, one before and one after that differ are shown.

    Attributes:
        method: The method.
        train_on: The training set.
        seed: The seed.
        task: The task.
        question_id: The question.
        kind: How its answers are compared.
        gold: The right answer, where it is known.
        outcome: Whether more of its samples are right after training (`won`), or fewer (`lost`).
        base_share: Right samples before training, as a share.
        tuned_share: The same after it.
        base_answer: The answer read out of the base model's response.
        tuned_answer: The same of the tuned model's.
        prompt: What both were asked.
        base_response: The base model's response.
        tuned_response: The tuned model's response.
    """

    method: str
    train_on: str
    seed: int
    task: str
    question_id: str
    kind: str
    gold: str | None
    outcome: Outcome
    base_share: float
    tuned_share: float
    base_answer: str | None
    tuned_answer: str | None
    prompt: str
    base_response: str
    tuned_response: str


def changes(runs: Sequence[FinishedRun]) -> Iterator[Change]:
    """Every question that both models of a run have answered, one at a time.

    Raises:
        RunError: Answers or ledger of a run cannot be read.
    """
    for run in runs:
        for task in run.base:
            before, after = (_by_question(answers(run, model, task)) for model in run.models)
            pairs = [
                _shown(run, task, before[one], after[one])
                for one in before
                if one in run.base[task] and one in run.tuned[task]
            ]
            asked = prompts(run, [base.ledger_key for base, _ in pairs])
            for base, tuned in pairs:
                yield _change(run, task, base, tuned, asked.get(base.ledger_key, ""))


@dataclass(slots=True)
class ChangeCount:
    """What training changed on one task, over all seeds.

    Attributes:
        method: The method.
        train_on: The training set.
        task: The task.
        questions: Questions that both models answered; one of several seeds counts for each.
        won: Those with more right answers after training.
        lost: Those with fewer.
        examples: The first ones won and lost.
    """

    method: str
    train_on: str
    task: str
    questions: int = 0
    won: int = 0
    lost: int = 0
    examples: list[Change] = field(default_factory=list)

    def count(self, change: Change, most: int) -> None:
        """Counts a change in, and keeps it if it is one of the first of its outcome."""
        self.questions += 1
        if change.outcome == "same":
            return
        number = self.won if change.outcome == "won" else self.lost
        if number < most:
            self.examples.append(change)
        self.won += change.outcome == "won"
        self.lost += change.outcome == "lost"


def counted(some: Iterable[Change], most: int = 2) -> list[ChangeCount]:
    """Changes counted by method, training set and task, with at most so many examples of each outcome."""
    counts: dict[tuple[str, str, str], ChangeCount] = {}
    for change in some:
        place = (change.method, change.train_on, change.task)
        counts.setdefault(place, ChangeCount(*place)).count(change, most)
    return list(counts.values())


def _by_question(rows: Sequence[ResultRow]) -> dict[str, list[ResultRow]]:
    found: dict[str, list[ResultRow]] = {}
    for row in rows:
        found.setdefault(row.question_id, []).append(row)
    return found


def _shown(
    run: FinishedRun, task: str, before: Sequence[ResultRow], after: Sequence[ResultRow]
) -> tuple[ResultRow, ResultRow]:
    """An answer before and one after: a wrong and a right one where more are right after it, the other way round where
    fewer are, and else the first of each.
    """
    one = before[0].question_id
    gain = run.tuned[task][one].value - run.base[task][one].value
    if not gain:
        return before[0], after[0]
    base = next((row for row in before if row.correct == (gain < 0)), before[0])
    return base, next((row for row in after if row.correct == (gain > 0)), after[0])


def _change(run: FinishedRun, task: str, before: ResultRow, after: ResultRow, prompt: str) -> Change:
    one = before.question_id
    base, tuned = run.base[task][one].value, run.tuned[task][one].value
    return Change(
        method=run.label,
        train_on=run.train_on,
        seed=run.seed,
        task=task,
        question_id=one,
        kind=before.kind,
        gold=before.gold,
        outcome="won" if tuned > base else "lost" if tuned < base else "same",
        base_share=base,
        tuned_share=tuned,
        base_answer=before.extracted,
        tuned_answer=after.extracted,
        prompt=prompt,
        base_response=before.response,
        tuned_response=after.response,
    )
