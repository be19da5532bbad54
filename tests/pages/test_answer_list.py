from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from regenesis.evaluation.answers import AnsweredQuestion, RecordedAnswers
from regenesis.evaluation.result_tables import ResultRow
from regenesis.pages.answer_list import answer_list

STATUSES = {"r": "correct", "w": "incorrect"}


def recorded(count: int = 1, **letters: Callable[[int], str]) -> RecordedAnswers:
    """So many questions; by model, the letters of the answers to each: several are answers to one question."""
    questions = [
        AnsweredQuestion(f"q{number}", f"What is {number} + 1?", "2", "number", answers(number, letters))
        for number in range(count)
    ]
    return RecordedAnswers("sums", list(letters), questions)


def answers(number: int, letters: Mapping[str, Callable[[int], str]]) -> dict[str, list[ResultRow]]:
    given = {model: said(number) for model, said in letters.items()}
    return {
        model: [
            ResultRow(f"q{number}", STATUSES[letter], sample=place, response=f"{model} says")  # type: ignore[arg-type]
            for place, letter in enumerate(text)
        ]
        for model, text in given.items()
        if text
    }


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
    shown = "".join(answer_list([recorded(base=lambda _: before, tuned=lambda _: after)]))
    assert f'data-change="{change}"' in shown


def test_the_base_is_compared_with_the_last_model() -> None:
    shown = "".join(answer_list([recorded(base=lambda _: "w", tuned=lambda _: "w", later=lambda _: "r")]))
    assert 'data-change="won"' in shown


def test_a_few_questions_are_shown_whole() -> None:
    shown = "".join(answer_list([recorded(base=lambda _: "w", tuned=lambda _: "r")]))
    assert "All 1 question." in shown
    assert shown.index("What is 0 + 1?") < shown.index("base says") < shown.index("tuned says")


def test_of_many_questions_those_that_changed_come_first() -> None:
    found = recorded(3000, base=lambda _: "r", tuned=lambda number: "r" if number % 300 else "w")
    shown = "".join(answer_list([found]))
    assert "400 of 3,000 questions, those that changed first; the figures above are of all." in shown
    assert all(f">q{number}<" in shown for number in range(0, 3000, 300))


def test_texts_are_cut_and_say_so() -> None:
    row = ResultRow("q", "incorrect", response="x" * 1_000_000)
    question = AnsweredQuestion("q", "Why?", None, "text", {"base": [row]})
    shown = "".join(answer_list([RecordedAnswers("sums", ["base"], [question])]))
    assert len(shown) < 20_000
    assert "… 988,000 more characters" in shown


def test_without_answers_there_is_no_list() -> None:
    assert answer_list([]) == []
