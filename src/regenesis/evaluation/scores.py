"""What a model's answers to a question are worth, question by question: the share that is right, pass@k and maj@k.

    [score] = scores_of([question], eight_results, samples=8)
    score.values["accuracy"], score.values["pass@8"], score.values["maj@8"]

Only questions with all of their answers have a score, so that an evaluation under way is not made of easy halves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

from regenesis.answers import Rules, vote
from regenesis.types import Question, Result

ACCURACY = "accuracy"
"""The share of answers that are right: pass@1."""

_BY_TEXT = Rules(symbolic=False)
"""Answers are told apart without computer algebra, whose limit in seconds would let a busy machine decide."""


@dataclass(frozen=True, slots=True)
class Score:
    """One model on one question.

    Attributes:
        question_id: The question.
        cluster: What it shares with others of its task (`Question.group`), or else its own id.
        values: By measure, a number between 0 and 1.
    """

    question_id: str
    cluster: str
    values: Mapping[str, Fraction]


def scores_of(questions: Sequence[Question], results: Iterable[Result], samples: int = 1) -> list[Score]:
    """The scores of the questions that have been answered as often as they were to be, in their order."""
    answers: dict[str, list[Result]] = {}
    for result in results:
        answers.setdefault(result.question_id, []).append(result)
    return [
        Score(question.id, cluster_of(question), _values(question, answers[question.id]))
        for question in questions
        if len(answers.get(question.id, ())) == samples
    ]


def cluster_of(question: Question) -> str:
    """The cluster of a question; one without a group is alone in its own."""
    return question.id if question.group is None else f"group {question.group}"


def _values(question: Question, answers: Sequence[Result]) -> dict[str, Fraction]:
    count, right = len(answers), sum(answer.verdict.correct for answer in answers)
    values = {ACCURACY: Fraction(right, count)}
    values |= {f"pass@{k}": pass_at(k, right, count) for k in _steps(count)}
    if count > 1 and question.kind != "code":  # programs cannot be told to be the same
        values[f"maj@{count}"] = _majority(question, answers)
    return values


def _steps(samples: int) -> list[int]:
    """2, 4, 8, … and the number of samples itself."""
    return sorted({samples, *(2**power for power in range(1, samples.bit_length()))} - {0, 1}) if samples > 1 else []


def pass_at(k: int, right: int, samples: int) -> Fraction:
    """Probability that one of `k` answers drawn from the samples is right: unbiased for `k` fresh answers.

    Source: M. Chen et al., Evaluating large language models trained on code (arXiv 2107.03374), equation 1.
    """
    return 1 - Fraction(comb(samples - right, k), comb(samples, k))


def _majority(question: Question, answers: Sequence[Result]) -> Fraction:
    """Probability that the most frequent answer is right, a tie being decided by chance."""
    wrong = _vote(question, [answer for answer in answers if answer.verdict.status == "incorrect"])
    right = [answer for answer in answers if answer.verdict.correct]
    # the checker has found right answers equal to gold, so they are equal to each other, whatever their form; a scorer
    # compares with nothing, and there may be many right answers
    votes, leaders = (len(right), 1) if question.kind != "scorer" else _vote(question, right)
    if votes != wrong[0]:
        return Fraction(votes > wrong[0])
    return Fraction(leaders, leaders + wrong[1]) if votes else Fraction(0)


def _vote(question: Question, answers: Sequence[Result]) -> tuple[int, int]:
    """How many answers agree at most, and how many different ones so many agree on."""
    kind = "text" if question.kind == "scorer" else question.kind
    found = vote([answer.verdict.extracted for answer in answers], kind, question.choices, 1, _BY_TEXT)
    return found.count, found.leaders
