"""Where a method fails, and on what kind of question, before and after training."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from regenesis.evaluation.result_tables import ResultRow
from regenesis.experiments.results import FinishedRun, answers

_THIRDS = ("short", "medium", "long")
_REFUSED = ("refused", "filtered")


@dataclass(frozen=True, slots=True)
class Failures:
    """The answers of one model to one kind of question, over all seeds.

    Attributes:
        method: The method.
        train_on: The training set.
        task: The task.
        model: `base` or the tuned one.
        by: What tells the kind: `kind` of answer, or `length` of the question, a third of the task's questions each.
        value: The kind.
        answers: All answers.
        correct: Right ones.
        wrong: Answers that were read and are wrong.
        unparsed: Answers in which none could be read, in whole responses.
        truncated: The same where the response was cut at the token limit.
        refused: Questions that the engine refused.
    """

    method: str
    train_on: str
    task: str
    model: str
    by: str
    value: str
    answers: int
    correct: int
    wrong: int
    unparsed: int
    truncated: int
    refused: int


def failures(runs: Sequence[FinishedRun]) -> list[Failures]:
    """Counts of answers by how they failed.

    Raises:
        RunError: The answers of a run cannot be read.
    """
    counts: defaultdict[tuple[str, str, str, str, str, str], Counter[str]] = defaultdict(Counter)
    for run in runs:
        for task in run.base:
            for model in run.models:
                rows = answers(run, model, task)
                for row, by, value in _kinds(rows):
                    counts[run.label, run.train_on, task, model, by, value][_how(row)] += 1
    return [
        Failures(
            *place,
            answers=found.total(),
            correct=found["correct"],
            wrong=found["wrong"],
            unparsed=found["unparsed"],
            truncated=found["truncated"],
            refused=found["refused"],
        )
        for place, found in counts.items()
    ]


def _kinds(rows: Sequence[ResultRow]) -> Iterator[tuple[ResultRow, str, str]]:
    order = sorted({row.prompt_tokens for row in rows})
    place = {tokens: number for number, tokens in enumerate(order)}
    for row in rows:
        yield row, "kind", row.kind
        if len(order) >= len(_THIRDS):
            yield row, "length", _THIRDS[len(_THIRDS) * place[row.prompt_tokens] // len(order)]


def _how(row: ResultRow) -> str:
    if row.correct:
        return "correct"
    if row.finish_reason in _REFUSED:
        return "refused"
    if row.status == "unparsed":
        return "truncated" if row.finish_reason == "length" else "unparsed"
    return "wrong"
