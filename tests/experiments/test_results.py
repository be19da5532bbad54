from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from tests.helpers.compared import write_run

from regenesis.errors import RunError
from regenesis.experiments.results import answers, read_run
from regenesis.ledger import Ledger
from regenesis.store.tables import read_questions

BASE, TUNED = {"toy": "rrww"}, {"toy": "rrrw"}


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    return write_run(tmp_path / "first", BASE, TUNED, domains={"toy": "in-domain"})


def test_scores_are_read_question_by_question(finished: Path) -> None:
    run = read_run(finished)
    assert (run.label, run.train_on, run.seed, run.models) == ("first", "toy", 0, ("base", "tuned"))
    assert [score.value for score in run.base["toy"].values()] == [1, 1, 0, 0]
    assert [score.value for score in run.tuned["toy"].values()] == [1, 1, 1, 0]
    assert run.domains == {"toy": "in-domain"}


def test_a_question_without_all_of_its_samples_has_no_score(finished: Path) -> None:
    file = finished / "evaluation" / "summary.json"
    summary = json.loads(file.read_text("utf-8"))
    summary["conditions"]["samples"] = 2
    file.write_text(json.dumps(summary), "utf-8")
    assert read_run(finished).base == {"toy": {}}


def test_what_the_model_was_trained_on_is_read(finished: Path) -> None:
    training = read_run(finished).training
    rows = parquet.read_table(finished / "dataset" / "train.parquet").to_pylist()
    with Ledger.read(finished / "ledger.sqlite") as ledger:
        totals = ledger.totals()
    assert (training.rows, training.questions) == (len(rows), len({row["question_id"] for row in rows}))
    assert training.hinted == sum(row["hinted"] for row in rows)
    assert training.generated_tokens == sum(total.completion_tokens for total in totals.values()) > 0
    assert (training.training_tokens, training.steps, training.training_seconds) == (1200, 6, 12.0)


@pytest.mark.parametrize(
    ("setting", "recorded", "told"),
    [(None, 1e-4, 1e-4), (2e-5, 2e-5, 2e-5), (None, None, 1e-4)],
    ids=["left out", "set", "left out, by a version that did not write it down"],
)
def test_a_learning_rate_that_is_left_out_is_the_one_that_was_used(
    finished: Path, setting: float | None, recorded: float | None, told: float
) -> None:
    file = finished / "model" / "training.json"
    record = json.loads(file.read_text("utf-8"))
    record["settings"]["training.learning_rate"], record["learning_rate"] = setting, recorded
    file.write_text(json.dumps(record), "utf-8")
    assert read_run(finished).conditions["training.learning_rate"] == told


def test_the_answers_of_a_model_can_be_had(finished: Path) -> None:
    assert [row.status for row in answers(read_run(finished), "tuned", "toy")][-1] == "incorrect"


def test_a_run_that_is_not_finished_is_told_what_to_do(finished: Path) -> None:
    (finished / "evaluation" / "summary.json").unlink()
    with pytest.raises(RunError, match=r"has not been evaluated yet. Run `regenesis evaluate "):
        read_run(finished)
    (finished / "model" / "training.json").unlink()
    with pytest.raises(RunError, match=r"has not been trained yet. Run `regenesis train "):
        read_run(finished)


def without_tuned(summary: dict[str, Any]) -> None:
    del summary["models"]["tuned"]


def elsewhere(summary: dict[str, Any]) -> None:
    summary["tasks"]["toy"]["file"] = "../../secrets.parquet"


def no_tasks(summary: dict[str, Any]) -> None:
    summary["tasks"] = ["toy"]


def strange_model(summary: dict[str, Any]) -> None:
    summary["models"]["../x"] = summary["models"]["tuned"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (without_tuned, "has to cover the base and a tuned model"),
        (elsewhere, "which is not of this run"),
        (no_tasks, "is not what an evaluation writes"),
        (strange_model, "has to cover the base and a tuned model"),
    ],
)
def test_a_spoiled_summary_is_refused_in_a_sentence(finished: Path, spoil: Any, told: str) -> None:
    file = finished / "evaluation" / "summary.json"
    summary = json.loads(file.read_text("utf-8"))
    spoil(summary)
    file.write_text(json.dumps(summary), "utf-8")
    with pytest.raises(RunError, match=told):
        read_run(finished)


def test_missing_tables_are_named(finished: Path) -> None:
    (finished / "evaluation" / "tuned" / "toy.parquet").unlink()
    with pytest.raises(RunError, match=r"toy\.parquet"):
        read_run(finished)


def test_of_a_dataset_drawn_by_tokens_only_those_count_that_it_was_drawn_from(finished: Path) -> None:
    with Ledger.read(finished / "ledger.sqlite") as ledger:
        by_question = ledger.generated(without="evaluate")
    first, second, third = (by_question[question] for question in question_ids(finished)[:3])
    config = finished / "config.yaml"
    most = first + second + third - 1
    config.write_text(config.read_text("utf-8").replace("max_generated_tokens: null", f"max_generated_tokens: {most}"))
    assert read_run(finished).training.generated_tokens == first + second


def question_ids(run: Path) -> list[str]:
    return [question.id for question in read_questions(run / "questions.parquet")]


def test_the_model_of_the_last_round_is_read_with_what_all_rounds_asked(finished: Path) -> None:
    later = write_run(finished / "round-2", BASE, TUNED)
    shutil.copytree(finished / "evaluation" / "tuned", finished / "evaluation" / "round-2")
    file = finished / "evaluation" / "summary.json"
    summary = json.loads(file.read_text("utf-8"))
    summary["models"]["round-2"] = summary["models"]["tuned"]
    for task in summary["tasks"].values():
        task["models"]["round-2"] = task["models"]["tuned"]
    file.write_text(json.dumps(summary), "utf-8")
    run = read_run(finished)
    assert (run.models, run.folders) == (("base", "round-2"), (finished, later))
    asked = 0
    for folder in run.folders:
        with Ledger.read(folder / "ledger.sqlite") as ledger:
            asked += sum(total.completions for total in ledger.totals().values())
    assert run.training.requests == asked
