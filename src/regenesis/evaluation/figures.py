"""From scores to figures: what each model did on each task, and how two models compare on the same questions.

    Tally.of(task.questions, results).accuracy                     # exact, as a fraction
    [one] = compare({"gsm8k": base.scores}, {"gsm8k": tuned.scores})
    one.finding                                                    # "better", "worse" or "inconclusive"

Unparsed answers and refused questions count as wrong; truncated answers are graded as far as they go. All three are
also counted separately.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from regenesis.evaluation.clusters import share_interval
from regenesis.evaluation.differences import TaskDifferences, estimate
from regenesis.evaluation.scores import ACCURACY, Score, scores_of
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
from regenesis.types import Question, Result

LEVEL = Fraction(1, 20)
"""Of significance."""
FEWEST_TO_TELL = 5
"""Unparsed answers in a row before that is no longer chance."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over questions with its 95 % CI."""

    value: Fraction
    interval: Interval

    @classmethod
    def of(cls, scores: Sequence[Score], measure: str) -> Figure:
        values = [score.values[measure] for score in scores]
        mean = sum(values, Fraction(0)) / len(values)
        if _independent(scores) and _binary(values):
            return cls(mean, wilson(int(sum(values)), len(values)))
        return cls(mean, share_interval(values, [score.cluster for score in scores]))


def _independent(scores: Sequence[Score]) -> bool:
    return len({score.cluster for score in scores}) == len(scores)


def _binary(values: Sequence[Fraction]) -> bool:
    return all(value in (0, 1) for value in values)


@dataclass(frozen=True, slots=True)
class Tally:
    """One model on one task.

    Attributes:
        questions: Questions of the task.
        samples: Answers per question.
        answered: Questions with all of their answers so far; all figures below are of these.
        correct: Right answers.
        unparsed: Answers in which none could be read.
        truncated: Answers truncated at the token limit.
        refused: Answers that the engine refused to give, to a prompt too long for the context, say.
        prompt_tokens: Tokens of the prompts.
        completion_tokens: Tokens of the answers.
        scores: One a question.
    """

    questions: int
    samples: int
    answered: int
    correct: int
    unparsed: int
    truncated: int
    refused: int
    prompt_tokens: int
    completion_tokens: int
    scores: tuple[Score, ...]

    @classmethod
    def of(cls, questions: Sequence[Question], results: Sequence[Result], samples: int = 1) -> Tally:
        """Counts the results of one model on the questions of one task."""
        scores = scores_of(questions, results, samples)
        known = {score.question_id for score in scores}
        counted = [result for result in results if result.question_id in known]
        return cls(
            questions=len(questions),
            samples=samples,
            answered=len(scores),
            correct=sum(result.verdict.correct for result in counted),
            unparsed=sum(result.verdict.status == "unparsed" for result in counted),
            truncated=sum(result.truncated for result in counted),
            refused=sum(result.finish_reason in ("refused", "filtered") for result in counted),
            prompt_tokens=sum(result.prompt_tokens for result in counted),
            completion_tokens=sum(result.completion_tokens for result in counted),
            scores=tuple(scores),
        )

    @property
    def answers(self) -> int:
        """All answers to the answered questions."""
        return self.answered * self.samples

    @property
    def accuracy(self) -> Fraction:
        return Fraction(self.correct, self.answers)

    @property
    def interval(self) -> Interval:
        return self.figure().interval

    @property
    def clusters(self) -> int:
        """Clusters of the answered questions; as many as questions where each is alone in its own."""
        return len({score.cluster for score in self.scores})

    @property
    def measures(self) -> list[str]:
        """What else there is of every question beside the accuracy: pass@k and maj@k, with several answers."""
        return common_measures(self.scores)

    def figure(self, measure: str = ACCURACY) -> Figure:
        return Figure.of(self.scores, measure)

    @property
    def unread(self) -> bool:
        """Whether no answer could be read, of enough to mean something."""
        return self.answers >= FEWEST_TO_TELL and self.unparsed == self.answers


def common_measures(scores: Sequence[Score]) -> list[str]:
    """The measures, other than the accuracy, that all of these scores have."""
    return [
        measure
        for measure in (scores[0].values if scores else ())
        if measure != ACCURACY and all(measure in score.values for score in scores)
    ]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the questions of one task that both have answered.

    Attributes:
        task: The task.
        questions: How many questions both have answered.
        first: The first model's mean score on them.
        second: The second model's.
        paired: Questions by who was right, where each is either right or wrong.
        interval: Of the difference, second less first.
        p: Of the exact McNemar test where questions are independent and either right or wrong, else of Student's t
            over clusters.
        p_adjusted: The same by Holm's procedure over all tasks of the comparison.
    """

    task: str
    questions: int
    first: Fraction
    second: Fraction
    paired: Paired | None
    interval: Interval
    p: Fraction
    p_adjusted: Fraction

    @property
    def difference(self) -> Fraction:
        return self.second - self.first

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


def compare(
    first: Mapping[str, Sequence[Score]], second: Mapping[str, Sequence[Score]], measure: str = ACCURACY
) -> list[Comparison]:
    """Compares two models task by task, in the first one's order; a task without a common question is left out."""
    found = [
        _compared(task, first[task], second[task], measure)
        for task in first
        if task in second and {score.question_id for score in first[task]} & {one.question_id for one in second[task]}
    ]
    adjusted = holm([one.p for one in found])
    return [replace(one, p_adjusted=p) for one, p in zip(found, adjusted, strict=True)]


def _compared(task: str, first: Sequence[Score], second: Sequence[Score], measure: str) -> Comparison:
    before = {score.question_id: score.values[measure] for score in first}
    common = [score for score in second if score.question_id in before]
    pairs = [(before[score.question_id], score.values[measure]) for score in common]
    means = [sum(values, Fraction(0)) / len(pairs) for values in zip(*pairs, strict=True)]
    paired = _paired(pairs) if all(map(_binary, pairs)) else None
    if paired is not None and _independent(common):
        interval, p = difference_interval(paired), mcnemar(paired)
    else:
        differences = [float(after - before) for before, after in pairs]
        found = estimate([TaskDifferences([differences], [one.cluster for one in common])])
        interval, p = found.interval, Fraction(found.p)
    return Comparison(task, len(pairs), means[0], means[1], paired, interval, p, p)


def _paired(pairs: Sequence[tuple[Fraction, Fraction]]) -> Paired:
    counts = Counter((before > 0, after > 0) for before, after in pairs)
    both, first, second, neither = (
        counts[pair] for pair in ((True, True), (True, False), (False, True), (False, False))
    )
    return Paired(both, first, second, neither)


@dataclass(frozen=True, slots=True)
class Average:
    """The unweighted mean over tasks, of scores or of differences."""

    tasks: int
    value: Fraction
    interval: Interval

    @property
    def difference(self) -> Fraction:
        """The value of an average of differences."""
        return self.value

    @property
    def finding(self) -> Finding:
        """Of an average of differences."""
        return finding(self.interval)

    @classmethod
    def of_scores(cls, tallies: Sequence[Tally], measure: str = ACCURACY) -> Average | None:
        figures = [tally.figure(measure) for tally in tallies]
        return cls._of([figure.value for figure in figures], [figure.interval for figure in figures])

    @classmethod
    def of_differences(cls, comparisons: Sequence[Comparison]) -> Average | None:
        return cls._of([one.difference for one in comparisons], [one.interval for one in comparisons])

    @classmethod
    def _of(cls, values: Sequence[Fraction], intervals: Sequence[Interval]) -> Average | None:
        if not values:
            return None
        return cls(len(values), sum(values, Fraction(0)) / len(values), mean_interval(values, intervals))
