"""What a run does about questions that its model will be measured on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import recorded_keys, toy_config, train_bytes, write_questions

from regenesis.config import RunConfig
from regenesis.errors import EngineError, TaskError
from regenesis.runs import plan, read_status, synthesize
from regenesis.runs.status import read_outcomes
from regenesis.synthesis.decontaminating import Decontamination, decontaminate
from regenesis.tasks import load_questions

Finished = tuple[Callable[..., RunConfig], Path]

MEASURED = 4
"""Of the eight questions of a run, the first four are measured on."""


@pytest.fixture
def evaluation(tmp_path: Path) -> dict[str, Any]:
    file = write_questions(tmp_path / "measured", MEASURED)
    return {"tasks": [{"name": "measured", "file": str(file), "kind": "number"}]}


def silent() -> PlayedEngine:
    return PlayedEngine(lambda request: EngineError(f"was asked {request.stage} of {request.question_id}"))


def ids(numbers: range) -> list[str]:
    return [f"toy/questions/{number}" for number in numbers]


def trained_on(run: Path) -> set[str]:
    return {json.loads(line)["question_id"] for line in train_bytes(run).splitlines()}


async def test_overlapping_questions_are_neither_asked_nor_trained_on(
    file: Path, evaluation: dict[str, Any], tmp_path: Path
) -> None:
    run, engine = tmp_path / "run", PlayedEngine()
    report = await synthesize(toy_config(file, evaluation=evaluation), run, engine=engine)
    assert {request.question_id for request in engine.asked} == set(ids(range(MEASURED, 8)))
    assert trained_on(run) <= set(ids(range(MEASURED, 8)))
    assert (report.complete, report.questions, report.finished) == (True, 4, 4)
    assert list(report.decontamination.left_out) == ids(range(MEASURED))
    left_out = {row["id"]: row["left_out"] for row in pyarrow.parquet.read_table(run / "questions.parquet").to_pylist()}
    assert left_out == {
        name: f"is the evaluation's measured/questions/{number}" if number < MEASURED else None
        for number, name in enumerate(ids(range(8)))
    }


async def test_every_account_of_the_run_counts_them(file: Path, evaluation: dict[str, Any], tmp_path: Path) -> None:
    run = tmp_path / "run"
    await synthesize(toy_config(file, evaluation=evaluation), run, engine=PlayedEngine())
    counts = {"action": "drop", "evaluation_questions": 4, "overlapping": 4, "left_out": 4}
    assert json.loads((run / "summary.json").read_text())["decontamination"] == counts
    found = json.loads((run / "decontamination.json").read_text())
    assert {name: found[name] for name in counts} == counts
    assert found["compared_with"] == {"measured/questions": 4}
    assert [(pair["training"], pair["evaluation"], pair["same"]) for pair in found["pairs"]] == [
        (f"toy/questions/{number}", f"measured/questions/{number}", True) for number in range(MEASURED)
    ]
    assert found["pairs"][0]["shared"].startswith("shelf 0 holds some books")
    card = (run / "dataset" / "README.md").read_text()
    assert "4 questions share 8 words in a row with one of the 4 evaluation questions (measured/questions)" in card
    assert "was not checked" not in card
    status = read_status(run)
    assert (status.questions, status.left_out, status.outcomes.questions) == (4, 4, 4)
    assert [outcome.question.id for outcome in read_outcomes(run)] == ids(range(MEASURED, 8))


async def test_they_are_asked_and_counted_where_the_config_only_wants_a_report(
    file: Path, evaluation: dict[str, Any], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    config = toy_config(file, evaluation=evaluation, decontamination={"action": "report"})
    report = await synthesize(config, run, engine=PlayedEngine())
    assert (report.questions, report.finished) == (8, 8)
    assert (len(report.decontamination.overlapping), report.decontamination.left_out) == (4, {})
    assert json.loads((run / "decontamination.json").read_text())["left_out"] == 0
    assert "they are reported and kept" in (run / "dataset" / "README.md").read_text()


@pytest.mark.parametrize("parts", [{}, {"decontamination": {"action": False}}])
async def test_nothing_is_looked_for_without_a_reason(
    file: Path, parts: dict[str, Any], evaluation: dict[str, Any], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    config = toy_config(file, **parts, **({"evaluation": evaluation} if parts else {}))
    report = await synthesize(config, run, engine=PlayedEngine())
    assert report.decontamination == Decontamination()
    assert not (run / "decontamination.json").exists()
    assert "Overlap with test sets was not checked." in (run / "dataset" / "README.md").read_text()


async def test_tasks_to_measure_on_that_are_added_later_take_their_questions_out_of_the_data_set(
    finished: Finished, evaluation: dict[str, Any]
) -> None:
    config, run = finished
    before, keys = train_bytes(run), recorded_keys(run)
    report = await synthesize(config(evaluation=evaluation), run, engine=silent())
    assert (report.complete, report.requests_sent, report.questions, report.finished) == (True, 0, 4, 4)
    assert trained_on(run) <= set(ids(range(MEASURED, 8)))
    rows = [line for line in before.splitlines() if json.loads(line)["question_id"] in ids(range(MEASURED, 8))]
    assert train_bytes(run).splitlines() == rows
    assert read_status(run).kept == report.kept == len(rows)
    assert recorded_keys(run) == keys
    await synthesize(config(), run, engine=silent())
    assert train_bytes(run) == before
    assert not (run / "decontamination.json").exists()


async def test_a_run_with_nothing_left_to_ask_says_so_before_it_asks(
    file: Path, evaluation: dict[str, Any], tmp_path: Path
) -> None:
    config = toy_config(file, tasks=[{"name": "toy", "file": str(file), "limit": MEASURED}], evaluation=evaluation)
    with pytest.raises(TaskError) as error:
        await synthesize(config, tmp_path / "run", engine=silent())
    said = str(error.value)
    assert "All 4 training questions overlap a question of the evaluation" in said
    assert "toy/questions/0 is measured/questions/0 ('shelf 0 holds" in said
    assert "decontamination.action=report" in said
    with pytest.raises(TaskError, match="All 4 training questions"):
        plan(config)
    assert len(json.loads((tmp_path / "run" / "decontamination.json").read_text())["pairs"]) == MEASURED


async def test_a_task_that_is_both_trained_and_measured_on_is_left_out_of_training(file: Path, tmp_path: Path) -> None:
    config = toy_config(file, evaluation={"tasks": [{"name": "toy", "file": str(file), "kind": "number"}]})
    with pytest.raises(TaskError, match="All 8 training questions"):
        await synthesize(config, tmp_path / "run", engine=silent())


async def test_an_evaluation_task_that_cannot_be_loaded_says_what_it_is_needed_for(file: Path, tmp_path: Path) -> None:
    config = toy_config(file, evaluation={"tasks": [{"name": "gsm8k"}]}, data_root=str(tmp_path))
    with pytest.raises(TaskError) as error:
        await synthesize(config, tmp_path / "run", engine=silent())
    said = str(error.value)
    assert "openai/gsm8k/main/test.jsonl" in said
    assert "must not be trained on" in said
    assert "--set decontamination.action=off" in said
    assert not (tmp_path / "run" / "ledger.sqlite").exists()


def test_tasks_to_measure_on_may_share_questions(file: Path, evaluation: dict[str, Any]) -> None:
    [task] = evaluation["tasks"]
    config = toy_config(file, evaluation={"tasks": [task, task | {"limit": 3}]})
    questions = load_questions(config.tasks).questions
    found = decontaminate(questions, config.evaluation.tasks, config.decontamination)
    assert len(found.left_out) == MEASURED


def test_the_plan_leaves_them_out(file: Path, evaluation: dict[str, Any]) -> None:
    whole = plan(toy_config(file))
    dropped = plan(toy_config(file, evaluation=evaluation))
    reported = plan(toy_config(file, evaluation=evaluation, decontamination={"action": "report"}))
    assert (dropped.questions, dropped.overlapping, dropped.left_out) == ({"toy": 4}, 4, 4)
    assert (reported.questions, reported.overlapping, reported.left_out) == ({"toy": 8}, 4, 0)
    assert dropped.most_calls * 2 == whole.most_calls == reported.most_calls
