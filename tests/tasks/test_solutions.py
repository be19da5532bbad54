"""Worked solutions that datasets come with: found, and shown to no model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regenesis.config import config_from_mapping
from regenesis.prompts import AnsweringConfig, load_answering
from regenesis.synthesis.inputs import method_of, shown_to
from regenesis.tasks import load_questions

WORKED = "There are 3 crates of 4 melons.\nThat is 3 * 4 = 12 melons.\n#### 12"
WORDS = "Iron rusts when it meets water. Gold does not. So the answer is iron."


def solutions(tmp_path: Path, *rows: dict[str, Any], **task: Any) -> list[str | None]:
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = config_from_mapping({"tasks": [{"name": "mine", "file": str(file), **task}]})
    return [question.solution for question in load_questions(config.tasks).questions]


@pytest.mark.parametrize(
    ("row", "fields", "found"),
    [
        # the gold cell is one
        ({"question": "How many?", "answer": WORKED}, {}, WORKED),
        ({"question": "How many?", "solution": WORKED}, {}, WORKED),
        ({"problem": "How many?", "solution": f"3 * 4 = 12, so it is\n\\boxed{{12}}. {WORDS}"}, {}, "3 * 4"),
        ({"question": "How many?", "answer": "4 and 8 make it\n#### 12"}, {}, "4 and 8"),
        # the gold cell is an answer
        ({"question": "How many?", "answer": "12"}, {}, None),
        ({"question": "How many?", "answer": "#### 12"}, {}, None),
        ({"question": "How many?", "answer": "The answer is 12."}, {}, None),
        ({"question": "Which?", "answer": WORDS}, {}, WORDS),
        ({"question": "Which?", "choices": [WORKED, WORDS], "answer": WORDS}, {}, None),
        # a column of its own
        ({"problem": "How many?", "solution": WORKED, "answer": "12"}, {}, WORKED),
        ({"question": "How many?", "rationale": WORKED, "answer": "12"}, {}, WORKED),
        ({"question": "How many?", "Explanation": WORKED, "answer": "12"}, {}, WORKED),
        ({"question": "How many?", "how": "12 it is.", "answer": "12"}, {"solution": "how"}, "12 it is."),
        ({"question": "How many?", "meta": {"how": WORKED}, "answer": "12"}, {"solution": "meta.how"}, WORKED),
        ({"question": "Sum?", "left": 3, "right": 4, "answer": 7}, {"solution": "{{ left }} + {{ right }}"}, "3 + 4"),
        ({"question": "How many?", "how": [{"role": "assistant", "content": WORKED}], "answer": "12"},
         {"solution": "how"}, WORKED),
        # none
        ({"question": "How many?", "explanation": "12", "answer": "12"}, {}, None),
        ({"question": "How many?", "how": 5, "answer": "12"}, {"solution": "how"}, None),
        ({"question": "How many?", "how": " ", "answer": "12"}, {"solution": "how"}, None),
        ({"question": "How many?", "answer": WORKED}, {"solution": None}, None),
        ({"question": "How many?", "solution": WORKED, "answer": "12"}, {"solution": None}, None),
    ],
)  # fmt: skip
def test_the_worked_solution_of_a_row(
    tmp_path: Path, row: dict[str, Any], fields: dict[str, str | None], found: str | None
) -> None:
    (solution,) = solutions(tmp_path, row, fields=fields)
    assert solution is None if found is None else (solution or "").startswith(found)


def test_a_row_without_a_solution_is_a_question_all_the_same(tmp_path: Path) -> None:
    rows = [{"question": "How many?", "rationale": WORKED, "answer": 12}, {"question": "And now?", "answer": 7}]
    assert solutions(tmp_path, *rows) == [WORKED, None]


def test_a_solution_that_no_file_could_hold_is_mended(tmp_path: Path) -> None:
    row = {"question": "How many?", "rationale": f"\ud800 {WORKED}", "answer": 12}
    assert solutions(tmp_path, row) == [f"� {WORKED}"]


@pytest.mark.parametrize(
    ("task", "first"),
    [
        ("gsm8k", ""),
        ("aqua_rat", ""),
        ("math500", ""),
        ("gsm_plus", ""),
        ("mbpp", "```python\n"),
    ],
)
def test_catalogued_tasks_that_have_worked_solutions(task: str, first: str, load: Any) -> None:
    for question in load({"name": task}).questions:
        assert question.solution
        assert question.solution.startswith(first)


def test_a_solution_changes_neither_a_question_nor_what_it_is_known_by(tmp_path: Path) -> None:
    row = {"question": "How many?", "rationale": WORKED, "answer": 12}
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps(row))
    task = {"name": "mine", "file": str(file)}
    (with_it,) = load_questions(config_from_mapping({"tasks": [task]}).tasks).questions
    (without,) = load_questions(config_from_mapping({"tasks": [task | {"fields": {"solution": None}}]}).tasks).questions
    assert with_it.solution
    assert with_it.to_json() == without.to_json()


@pytest.mark.parametrize("name", ["regenesis", "rejection", "star", "lmsi"])
def test_methods_that_do_not_train_on_solutions_are_not_handed_any(tmp_path: Path, name: str) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps({"question": "How many?", "answer": WORKED}))
    config = config_from_mapping({"tasks": [{"name": "mine", "file": str(file)}], "method": {"name": name}})
    (question,) = shown_to(method_of(config.method, config.answering), load_questions(config.tasks).questions)
    assert question.solution is None


def test_no_answering_prompt_shows_a_solution(tmp_path: Path) -> None:
    template = tmp_path / "telling.j2"
    template.write_text("{{ question.text }} {{ question.solution }}")
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps({"question": "How many?", "answer": WORKED}))
    (question,) = load_questions(config_from_mapping({"tasks": [{"name": "mine", "file": str(file)}]}).tasks).questions
    (turn,) = load_answering(AnsweringConfig(prompt=str(template))).messages(question)
    assert "crates" not in turn.content
