"""Rows drawn evenly over questions, alike for every method, a smaller draw within a larger one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.dataset.config import DatasetConfig
from regenesis.dataset.drawing import QuestionRows, draw

Taken = set[tuple[str, int]]


def taken(available: list[QuestionRows], **config: Any) -> Taken:
    drawn = draw(available, DatasetConfig(**config))
    return {(question, row) for question, rows in drawn.items() for row in rows}


def rows_of(*counts: int, task: str = "t") -> list[QuestionRows]:
    return [QuestionRows(f"{task}/{number}", task, (1,) * count) for number, count in enumerate(counts)]


available_rows = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.integers(1, 3), max_size=4), st.integers(0, 50)), max_size=12
).map(
    lambda found: [
        QuestionRows(f"{task}/{number}", task, tuple(forms), tokens)
        for number, (task, forms, tokens) in enumerate(found)
    ]
)


def test_without_limits_every_row_is_taken() -> None:
    assert taken(rows_of(2, 0, 1)) == {("t/0", 0), ("t/0", 1), ("t/2", 0)}


def test_each_question_gives_one_row_before_any_gives_a_second() -> None:
    available = rows_of(5, 1, 1, 5, 0, 2)
    counts = Counter(question for question, _ in taken(available, max_rows=5))
    assert sorted(counts.values()) == [1, 1, 1, 1, 1]
    counts = Counter(question for question, _ in taken(available, max_rows=8))
    assert [counts[one.question_id] for one in available] == [2, 1, 1, 2, 0, 2]


def test_a_path_that_was_kept_first_is_drawn_first() -> None:
    assert taken(rows_of(3), max_rows=2) == {("t/0", 0), ("t/0", 1)}


def test_tasks_of_a_mix_take_turns() -> None:
    available = [*rows_of(*[1] * 40, task="large"), *rows_of(*[1] * 6, task="small")]
    tasks = Counter(question.partition("/")[0] for question, _ in taken(available, max_rows=10))
    assert tasks == {"large": 5, "small": 5}
    tasks = Counter(question.partition("/")[0] for question, _ in taken(available, max_rows=20))
    assert tasks == {"large": 14, "small": 6}


def test_methods_that_kept_paths_of_the_same_questions_are_drawn_the_same_questions() -> None:
    first, second = taken(rows_of(*[5] * 30), max_rows=10), taken(rows_of(*[2] * 30), max_rows=10)
    assert first == second


def test_forms_of_a_path_are_drawn_about_as_often() -> None:
    available = [QuestionRows(f"q{number}", "t", (4,)) for number in range(400)]
    forms = Counter(row for _, row in taken(available, max_rows=400))
    assert len(forms) == 4
    assert all(60 <= count <= 140 for count in forms.values())


@given(available_rows, st.integers(1, 60), st.integers(1, 60))
def test_a_smaller_draw_is_within_a_larger_one_and_has_its_size(
    available: list[QuestionRows], one: int, other: int
) -> None:
    fewer, more = sorted((one, other))
    small, large = taken(available, max_rows=fewer), taken(available, max_rows=more)
    assert small <= large
    assert len(small) == min(fewer, sum(len(question.eligible("any")) for question in available))


@given(available_rows, st.integers(1, 60), st.randoms(use_true_random=False))
def test_the_order_of_questions_does_not_matter(available: list[QuestionRows], most: int, random: object) -> None:
    shuffled = list(available)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert taken(shuffled, max_rows=most) == taken(available, max_rows=most)


@pytest.mark.parametrize(("most", "questions"), [(9, 0), (10, 1), (39, 2), (60, 3), (1000, 3)])
def test_questions_are_taken_in_order_for_as_long_as_their_tokens_fit(most: int, questions: int) -> None:
    available = [QuestionRows(f"q{number}", "t", (1,), tokens) for number, tokens in enumerate((10, 20, 30))]
    assert {name for name, _ in taken(available, max_generated_tokens=most)} == {f"q{n}" for n in range(questions)}


def test_tokens_of_questions_that_kept_nothing_count_too() -> None:
    available = [QuestionRows("q0", "t", (), 50), QuestionRows("q1", "t", (1,), 10)]
    assert taken(available, max_generated_tokens=55) == set()


HINTED = [
    QuestionRows("q0", "t", (1, 2, 1), hinted=(False, True, False)),
    QuestionRows("q1", "t", (2,), hinted=(True,)),
    QuestionRows("q2", "t", (1, 1), hinted=(False, False)),
]


def test_rows_of_hinted_paths_are_left_out_or_taken_alone() -> None:
    assert taken(HINTED, hinted="only") == {("q0", 1), ("q0", 2), ("q1", 0), ("q1", 1)}
    assert taken(HINTED, hinted="never") == {("q0", 0), ("q0", 3), ("q2", 0), ("q2", 1)}
    assert taken(HINTED, hinted="only") | taken(HINTED, hinted="never") == taken(HINTED)


@pytest.mark.parametrize("hinted", ["only", "never"])
def test_of_those_that_may_be_drawn_each_question_gives_one_before_a_second(hinted: str) -> None:
    drawn = taken(HINTED, hinted=hinted, max_rows=2)
    assert drawn <= taken(HINTED, hinted=hinted)
    assert len({question for question, _ in drawn}) == 2
