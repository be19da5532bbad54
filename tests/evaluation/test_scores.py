from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest

from regenesis.evaluation.scores import pass_at, scores_of
from regenesis.types import Choice, Question, Result, Verdict

QUESTION = Question("toy/test/0", "toy", "How many?", "2", "number")


def answered(*answers: str | None, question: Question = QUESTION, right: Sequence[str] = ("2",)) -> list[Result]:
    """One result an answer: right if it is among `right`, unparsed if it is `None`."""
    return [
        Result(
            *("m", "toy", question.id, f"{place:032x}", "text", "stop", 10, 20),
            Verdict("unparsed" if text is None else "correct" if text in right else "incorrect", text, "", "box"),
            place,
        )
        for place, text in enumerate(answers)
    ]


def values(*answers: str | None, **fields: Any) -> dict[str, Fraction]:
    question = fields.get("question", QUESTION)
    [score] = scores_of([question], answered(*answers, **fields), samples=len(answers))
    return dict(score.values)


def test_with_one_answer_a_question_is_right_or_wrong_and_nothing_else() -> None:
    assert values("2") == {"accuracy": 1}
    assert values("3") == values(None) == {"accuracy": 0}


def test_with_several_answers_there_are_the_mean_pass_at_powers_of_two_and_the_majority() -> None:
    assert values("2", "3", "4", "2", "5", "6") == {
        "accuracy": Fraction(1, 3),
        "pass@2": Fraction(3, 5),
        "pass@4": Fraction(14, 15),
        "pass@6": 1,
        "maj@6": 1,
    }


@pytest.mark.parametrize("samples", [1, 2, 5, 8])
def test_pass_at_k_is_the_share_of_all_choices_of_k_answers_that_hold_a_right_one(samples: int) -> None:
    for right in range(samples + 1):
        outcomes = [place < right for place in range(samples)]
        for k in range(1, samples + 1):
            drawn = list(itertools.combinations(outcomes, k))
            assert pass_at(k, right, samples) == Fraction(sum(map(any, drawn)), len(drawn))


def test_pass_at_k_is_unbiased() -> None:
    chance, samples, k = Fraction(3, 10), 6, 4
    weights = [math.comb(samples, right) * chance**right * (1 - chance) ** (samples - right) for right in range(7)]
    assert sum(weight * pass_at(k, right, samples) for right, weight in enumerate(weights)) == 1 - (1 - chance) ** k


@pytest.mark.parametrize(
    ("answers", "share"),
    [
        (("2", "2", "3"), 1),
        (("2", "3", "3"), 0),
        (("2", "3"), Fraction(1, 2)),
        (("2", "3", "4"), Fraction(1, 3)),
        # equal to the checker, and so one vote for both
        (("2", "2", "3", "3.0", "3.00"), 0),
        (("2", "2.0", "3"), 1),
        # what cannot be read does not vote
        (("2", None, None), 1),
        ((None, None), 0),
        ((None, "3"), 0),
        (("2", "2", "3", "3", None), Fraction(1, 2)),
    ],
)
def test_the_majority_is_by_equivalence_and_a_tie_by_chance(answers: tuple[str | None, ...], share: Fraction) -> None:
    assert values(*answers, right=("2", "2.0"))[f"maj@{len(answers)}"] == share


def test_right_answers_of_a_scorer_are_told_apart_since_it_may_take_many() -> None:
    question = Question("rg:countdown/seed-0/0", "rg:countdown", "Make 4.", "2 + 2", "scorer")
    given = ("2 + 2", "1 + 3", "5", "5")
    assert values(*given, question=question, right=("2 + 2", "1 + 3"))["maj@4"] == 0
    assert values("2 + 2", "1 + 3", "5", question=question, right=("2 + 2", "1 + 3"))["maj@3"] == Fraction(2, 3)


def test_options_vote_by_their_labels() -> None:
    choices = (Choice("A", "iron"), Choice("B", "gold"), Choice("C", "tin"))
    question = Question("toy/test/0", "toy", "Which?", "A", "choice", choices)
    assert values("A", "B", "gold", question=question, right=("A",))["maj@3"] == 0


def test_programs_do_not_vote() -> None:
    question = Question("mbpp/test/0", "mbpp", "Write f.", "assert f(1) == 2", "code")
    assert "maj@2" not in values("def f(): ...", "def f(): ...", question=question)


def test_a_question_without_all_of_its_answers_has_no_score() -> None:
    other = Question("toy/test/1", "toy", "How many?", "2", "number")
    results = [*answered("2", "3"), *answered("2", question=other)]
    assert [score.question_id for score in scores_of([other, QUESTION], results, samples=2)] == ["toy/test/0"]


def test_questions_of_one_group_are_one_cluster_which_no_id_can_be() -> None:
    questions = [
        Question(f"g{place}", "toy", "?", "2", "number", group="g2" if place < 2 else None) for place in range(3)
    ]
    results = [result for question in questions for result in answered("2", question=question)]
    first, second, third = (score.cluster for score in scores_of(questions, results))
    assert first == second != third
