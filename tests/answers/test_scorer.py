from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from regenesis.answers import final_answer, grade_with_scorer
from regenesis.tasks.reasoning_gym import generate
from regenesis.types import Question


@pytest.fixture(scope="module")
def made() -> Question:
    return generate("gsm_symbolic", {}, seed=5, size=1)[0]


@pytest.mark.parametrize(
    "form",
    [
        "\\boxed{{{0}}}",
        "The answer is {0}.",
        "<answer>{0}</answer>",
        "Reasoning.\n{0}",
        "**Answer:** {0}",
        "$\\boxed{{{0}}}$",
    ],
)
def test_a_right_answer_in_any_place_is_correct(made: Question, form: str) -> None:
    verdict = grade_with_scorer(form.format(made.gold), made)
    assert (verdict.status, verdict.extracted) == ("correct", made.gold)


# entries that hold tuples, scorers that read their own settings, scorers that evaluate the answer
@pytest.mark.parametrize(
    ("task", "parameters"),
    [
        ("arc_agi", {}),
        ("complex_arithmetic", {}),
        ("countdown", {}),
        ("decimal_arithmetic", {"precision": 9}),
        ("puzzle24", {"max_value": 9}),
        ("simple_integration", {}),
        ("spiral_matrix", {}),
    ],
)
def test_a_tasks_own_answer_is_correct(task: str, parameters: dict[str, Any]) -> None:
    made = generate(task, parameters, seed=3, size=1)[0]
    assert grade_with_scorer(f"<answer>{made.gold}</answer>", made).status == "correct"


def test_a_wrong_answer_is_incorrect(made: Question) -> None:
    assert grade_with_scorer("The answer is -1.", made).status == "incorrect"


@pytest.mark.parametrize("response", ["", "<think>5"])
def test_no_answer_is_unparsed(made: Question, response: str) -> None:
    assert grade_with_scorer(response, made).status == "unparsed"


def test_a_question_without_scoring_is_unparsed_and_says_so(made: Question) -> None:
    assert grade_with_scorer("The answer is 5.", replace(made, scoring={})).rule == "bad-gold"


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("The answer is \\boxed{\\text{north}}.", "north"),
        ("<answer>\n1 2\n3 4\n</answer>", "1 2\n3 4"),
        ("So `abc` it is.\nabc", "abc"),
        ("Final answer: **[1, 2]**", "[1, 2]"),
        ("", None),
    ],
)
def test_the_final_answer_is_unwrapped(response: str, expected: str | None) -> None:
    found = final_answer(response)
    assert (None if found is None else found.text) == expected
