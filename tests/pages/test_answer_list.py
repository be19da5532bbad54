from __future__ import annotations

import pytest

from regenesis.evaluation.result_tables import ResultRow
from regenesis.pages.answer_list import Answered, answer_list

STATUSES = {"r": "correct", "w": "incorrect"}


def answered(**letters: str) -> Answered:
    """By model, a letter an answer; several letters are the answers to one question."""
    return Answered.of(
        "sums",
        {
            model: [
                ResultRow("q", STATUSES[letter], sample=place, response=f"{model} says")  # type: ignore[arg-type]
                for place, letter in enumerate(answers)
            ]
            for model, answers in letters.items()
        },
    )


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("w", "r", "won"),
        ("r", "w", "lost"),
        ("r", "r", "both right"),
        ("w", "w", "both wrong"),
        ("rw", "rr", "won"),
        ("rw", "ww", "lost"),
        ("rw", "wr", "both partly right"),
        ("r", "", "right"),
        ("w", "", "wrong"),
        ("wr", "", "partly right"),
    ],
)
def test_a_question_is_won_lost_or_neither(before: str, after: str, change: str) -> None:
    assert answered(base=before, tuned=after).change("q") == change


def test_the_base_is_compared_with_the_last_model() -> None:
    assert answered(base="w", tuned="w", later="r").change("q") == "won"


def test_a_few_questions_are_shown_whole() -> None:
    shown = "".join(answer_list([answered(base="w", tuned="r")], lambda keys: {"": "What is 1 + 1?"}))
    assert "All 1 question." in shown
    assert shown.index("What is 1 + 1?") < shown.index("base says") < shown.index("tuned says")


def test_of_many_questions_those_that_changed_come_first() -> None:
    count, changed = 3000, range(0, 3000, 300)
    rows = {
        "base": [ResultRow(f"q{number}", "correct") for number in range(count)],
        "tuned": [ResultRow(f"q{number}", "incorrect" if number in changed else "correct") for number in range(count)],
    }
    shown = "".join(answer_list([Answered.of("sums", rows)], lambda keys: {}))
    assert "400 of 3,000 questions, those that changed first; the figures above are of all." in shown
    assert all(f">q{number}<" in shown for number in changed)


def test_texts_are_cut_and_say_so() -> None:
    rows = {"base": [ResultRow("q", "incorrect", response="x" * 1_000_000)]}
    shown = "".join(answer_list([Answered.of("sums", rows)], lambda keys: {}))
    assert len(shown) < 20_000
    assert "… 988,000 more characters" in shown


def test_without_answers_there_is_no_list() -> None:
    assert answer_list([], lambda keys: {}) == []
