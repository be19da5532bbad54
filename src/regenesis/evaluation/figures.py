"""From results to figures: what each model did on each task, and how two models compare on the same questions.

    Tally.of(results, questions=1319).accuracy                     # exact, as a fraction
    [one] = compare({"gsm8k": base_results}, {"gsm8k": tuned_results})
    one.finding                                                    # "better", "worse" or "inconclusive"

Unparsed answers and refused questions count as wrong; truncated answers are graded as far as they go. All three are
also counted separately.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from regenesis.evaluation.statistics import (
    Finding,
    Interval,
    Paired,
    difference_interval,
    finding,
    holm,
    mcnemar,
    mean_interval,
    wilson,
)
from regenesis.types import Result

LEVEL = Fraction(1, 20)
"""Of significance."""
FEWEST_TO_TELL = 5
"""Unparsed answers in a row before that is no longer chance."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One model on one task.

    Attributes:
        questions: Questions of the task.
        answered: Of those, answered so far; all figures below are of these.
        correct: Right answers.
        unparsed: Answers in which none could be read.
        truncated: Answers cut at the token limit.
        refused: Questions that the engine refused, a prompt too long for the context, say.
        prompt_tokens: Tokens of the prompts.
        completion_tokens: Tokens of the answers.
    """

    questions: int
    answered: int
    correct: int
    unparsed: int
    truncated: int
    refused: int
    prompt_tokens: int
    completion_tokens: int

    @classmethod
    def of(cls, results: Sequence[Result], questions: int) -> Tally:
        """Counts the results of one model on one task of so many questions."""
        return cls(
            questions=questions,
            answered=len(results),
            correct=sum(result.verdict.correct for result in results),
            unparsed=sum(result.verdict.status == "unparsed" for result in results),
            truncated=sum(result.truncated for result in results),
            refused=sum(result.finish_reason in ("refused", "filtered") for result in results),
            prompt_tokens=sum(result.prompt_tokens for result in results),
            completion_tokens=sum(result.completion_tokens for result in results),
        )

    @property
    def accuracy(self) -> Fraction:
        return Fraction(self.correct, self.answered)

    @property
    def interval(self) -> Interval:
        return wilson(self.correct, self.answered)

    @property
    def unread(self) -> bool:
        """Whether no answer could be read, of enough to mean something."""
        return self.answered >= FEWEST_TO_TELL and self.unparsed == self.answered


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the questions of one task that both have answered.

    Attributes:
        task: The task.
        paired: Questions by who was right.
        interval: Of the difference, second less first.
        p: Of the exact McNemar test.
        p_adjusted: The same by Holm's procedure over all tasks of the comparison.
    """

    task: str
    paired: Paired
    interval: Interval
    p: Fraction
    p_adjusted: Fraction

    @property
    def difference(self) -> Fraction:
        return self.paired.difference

    @property
    def finding(self) -> Finding:
        return finding(self.interval)

    @property
    def tells_apart(self) -> bool:
        """Whether one of the two was found better."""
        return self.finding in ("better", "worse")

    @property
    def unconfirmed(self) -> bool:
        """Whether the exact test by itself does not bear out what the interval says."""
        return self.tells_apart and self.p >= LEVEL


def compare(first: dict[str, list[Result]], second: dict[str, list[Result]]) -> list[Comparison]:
    """Compares two models task by task, in the first one's order; a task without a common question is left out."""
    pairs = {task: _pair(first[task], second[task]) for task in first if task in second}
    known = {task: paired for task, paired in pairs.items() if paired.questions}
    values = [mcnemar(paired) for paired in known.values()]
    return [
        Comparison(task, paired, difference_interval(paired), p, adjusted)
        for (task, paired), p, adjusted in zip(known.items(), values, holm(values), strict=True)
    ]


def _pair(first: Iterable[Result], second: Iterable[Result]) -> Paired:
    right = {result.question_id: result.verdict.correct for result in first}
    counts = Paired(0, 0, 0, 0)
    for result in second:
        if result.question_id in right:
            outcome = (right[result.question_id], result.verdict.correct)
            field = {(True, True): "both", (True, False): "first", (False, True): "second"}.get(outcome, "neither")
            counts = replace(counts, **{field: getattr(counts, field) + 1})
    return counts


@dataclass(frozen=True, slots=True)
class Average:
    """The unweighted mean over tasks, of accuracies or of differences."""

    tasks: int
    value: Fraction
    interval: Interval

    @property
    def finding(self) -> Finding:
        """Of an average of differences."""
        return finding(self.interval)

    @classmethod
    def of_accuracies(cls, tallies: Sequence[Tally]) -> Average | None:
        return cls._of([tally.accuracy for tally in tallies], [tally.interval for tally in tallies])

    @classmethod
    def of_differences(cls, comparisons: Sequence[Comparison]) -> Average | None:
        return cls._of([one.difference for one in comparisons], [one.interval for one in comparisons])

    @classmethod
    def _of(cls, values: Sequence[Fraction], intervals: Sequence[Interval]) -> Average | None:
        if not values:
            return None
        return cls(len(values), sum(values, Fraction(0)) / len(values), mean_interval(values, intervals))
