"""A run that was begun asks what it was begun with, or says what reads otherwise now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import toy_config

from regenesis.errors import RunError
from regenesis.runs import synthesize
from regenesis.store.tables import read_questions, write_questions
from regenesis.synthesis.questions import digest_of
from regenesis.tasks import load_questions
from regenesis.types import Question


@pytest.fixture
def doubled(tmp_path: Path) -> Path:
    """A file that holds a question twice."""
    rows = [{"question": f"How many? [[gold={number}]]", "answer": str(number)} for number in (3, 5, 3)]
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def as_begun_with(run: Path, questions: Sequence[Question]) -> None:
    """Makes a run's folder one that was begun with these questions."""
    inputs = json.loads((run / "inputs.json").read_text())
    (run / "inputs.json").write_text(json.dumps(inputs | {"questions": digest_of(questions)}))
    write_questions(run / "questions.parquet", questions)


async def test_a_repeated_question_is_asked_once(doubled: Path, tmp_path: Path) -> None:
    engine = PlayedEngine()
    report = await synthesize(toy_config(doubled), tmp_path / "run", engine=engine)
    assert report.questions == len({request.question_id for request in engine.asked}) == 2


async def test_a_run_begun_before_repetitions_were_looked_for_goes_on_with_them(doubled: Path, tmp_path: Path) -> None:
    config, run = toy_config(doubled), tmp_path / "run"
    await synthesize(config, run, engine=PlayedEngine())
    as_begun_with(run, load_questions(config.tasks, older=True).questions)
    report = await synthesize(config, run, engine=PlayedEngine())
    assert (report.questions, report.finished) == (3, 3)


async def test_a_gold_answer_that_is_read_otherwise_now_is_named(file: Path, tmp_path: Path) -> None:
    config, run = toy_config(file), tmp_path / "run"
    await synthesize(config, run, engine=PlayedEngine())
    questions = list(read_questions(run / "questions.parquet"))
    as_begun_with(run, [replace(questions[0], gold="so it is 7\n#### 7", kind="text"), *questions[1:]])
    with pytest.raises(RunError) as error:
        await synthesize(config, run, engine=PlayedEngine())
    said = str(error.value)
    assert "the questions changed since the run was started. Gold answers that were changed" in said
    assert f"{questions[0].id}: 'so it is 7 #### 7' (text) → {questions[0].gold!r} (number)" in said
    assert "start anew with another --run-dir" in said


async def test_questions_that_are_gone_are_counted(file: Path, tmp_path: Path) -> None:
    config, run = toy_config(file), tmp_path / "run"
    await synthesize(config, run, engine=PlayedEngine())
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(RunError, match="1 are gone and 0 are new"):
        await synthesize(config, run, engine=PlayedEngine())


async def test_several_accepted_answers_lie_in_the_table_of_questions(tmp_path: Path) -> None:
    question = Question("q", "t", "Which?", "Paris", "text", accepted=("Lutetia",))
    write_questions(tmp_path / "questions.parquet", [question])
    assert list(read_questions(tmp_path / "questions.parquet")) == [question]


def test_a_question_with_one_gold_answer_is_known_by_what_it_always_was() -> None:
    assert "accepted" not in Question("q", "t", "How many?", "18", "number").to_json()


SOLUTION = "First the crates: 3 * 4 = <<3*4=12>>12 of them are ripe.\n#### 12"


async def test_a_hint_is_the_answer_as_read_and_nothing_else_of_a_solution_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps({"question": "How many melons? [[gold=99]]", "answer": SOLUTION}) + "\n")
    engine = PlayedEngine()
    await synthesize(toy_config(file), tmp_path / "run", engine=engine)
    shown = [message.content for request in engine.asked for message in request.messages if message.role == "user"]
    assert any("12" in content for content in shown)
    assert not any("crates" in content or "####" in content for content in shown)


@pytest.mark.parametrize("cell", ["notfound", "proof", "N/A", "nan", "-"])
async def test_a_placeholder_is_never_a_hint_nor_kept(cell: str, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps({"question": "How many melons? [[gold=99]]", "answer": cell}) + "\n")
    engine = PlayedEngine()
    config = toy_config(file, method={"vote": "never"})
    report = await synthesize(config, tmp_path / "run", engine=engine)
    assert report.kept == 0
    assert not any(len(cell) > 1 and cell in message.content for one in engine.asked for message in one.messages)
