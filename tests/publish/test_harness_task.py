from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from regenesis.errors import RunError, TaskError
from regenesis.evaluation.tasks import MeasuredTask
from regenesis.prompts import AnsweringConfig, load_answering
from regenesis.publish.harness_task import HarnessTask, write_harness_task
from regenesis.types import Choice, Question, Sampling

GREEDY = Sampling(0.0, 1.0, 256)
SUM = Question("sums/test/1", "sums", "What is 2 + 2?", "4", "number", accepted=("four",))
FACT = Question("facts/test/1", "facts", "Do whales breathe air?", "True", "boolean")
OPTION = Question(
    "picks/test/1", "picks", "Pick the fruit.", "B", "choice", choices=(Choice("A", "stone"), Choice("B", "pear"))
)


def task_of(*questions: Question, name: str = "sums") -> MeasuredTask:
    return MeasuredTask(name, name.replace("/", "-"), None, {}, "test", questions, 0, 0, ())


def written(folder: Path, *questions: Question, **answering: Any) -> tuple[HarnessTask, dict[str, Any], list[Any]]:
    prompt = load_answering(AnsweringConfig(**answering))
    done = write_harness_task(task_of(*questions), prompt, GREEDY, folder)
    settings = yaml.safe_load(done.file.read_text("utf-8"))
    lines = (folder / settings["dataset_kwargs"]["data_files"]["test"]).read_text("utf-8").splitlines()
    return done, settings, [json.loads(line) for line in lines]


def test_the_prompt_is_the_one_that_an_evaluation_sends(tmp_path: Path) -> None:
    _, settings, rows = written(tmp_path, SUM)
    assert rows[0][settings["doc_to_text"]] == load_answering().messages(SUM)[-1].content


def test_a_system_message_is_sent_as_the_tasks_description(tmp_path: Path) -> None:
    _, settings, rows = written(tmp_path, SUM, system="Be brief. {{ }}")
    assert rows[0][settings["description"]] == "Be brief. {{ }}"


def test_without_a_system_message_there_is_no_description(tmp_path: Path) -> None:
    assert "description" not in written(tmp_path, SUM)[1]


def test_the_settings_are_those_of_the_evaluation(tmp_path: Path) -> None:
    generation = written(tmp_path, SUM)[1]["generation_kwargs"]
    assert generation == {"until": [], "do_sample": False, "temperature": 0.0, "top_p": 1.0, "max_gen_toks": 256}


def test_what_the_sampling_leaves_to_the_server_is_left_to_it(tmp_path: Path) -> None:
    done = write_harness_task(task_of(SUM), load_answering(), Sampling(None, None, 64), tmp_path)
    generation = yaml.safe_load(done.file.read_text("utf-8"))["generation_kwargs"]
    assert generation == {"until": [], "do_sample": True, "max_gen_toks": 64}


@pytest.mark.parametrize(("question", "target"), [(SUM, "4"), (FACT, "yes"), (OPTION, "B")])
def test_the_target_is_in_the_words_that_the_prompt_asks_for(tmp_path: Path, question: Question, target: str) -> None:
    _, settings, rows = written(tmp_path, question)
    assert rows[0][settings["doc_to_target"]] == target


@pytest.mark.parametrize(
    ("form", "reply", "read"),
    [
        ("boxed", r"So \boxed{3}, no: \boxed{4}.", "4"),
        ("boxed", r"\boxed{\text{yes}}", "yes"),
        ("stated", "The answer is 4.", "4"),
        ("stated", "the answer is: 4.5\nGood.", "4.5"),
    ],
)
def test_the_harness_reads_the_answer_in_the_form_that_is_asked_for(
    tmp_path: Path, form: str, reply: str, read: str
) -> None:
    filters = written(tmp_path, SUM, form=form)[1]["filter_list"]
    assert filters[0]["name"] == form
    assert re.findall(filters[0]["filter"][0]["regex_pattern"], reply)[-1].strip() == read


@pytest.mark.parametrize(
    ("question", "reply", "read"),
    [(SUM, "It is 3 + 1 = 4.", "4"), (FACT, "No. Well, Yes.", "Yes"), (OPTION, "I take (B).", "B")],
)
def test_where_all_answers_are_of_one_kind_it_also_reads_the_last_one(
    tmp_path: Path, question: Question, reply: str, read: str
) -> None:
    last = written(tmp_path, question)[1]["filter_list"][1]
    assert (last["name"], re.findall(last["filter"][0]["regex_pattern"], reply)[-1]) == ("last", read)


def test_where_kinds_are_mixed_it_reads_the_asked_form_alone(tmp_path: Path) -> None:
    assert len(written(tmp_path, SUM, FACT)[1]["filter_list"]) == 1


def test_rows_hold_what_our_checker_needs(tmp_path: Path) -> None:
    row = written(tmp_path, OPTION)[2][0]
    assert (row["id"], row["gold"], row["kind"]) == ("picks/test/1", "B", "choice")
    assert row["choices"] == [{"label": "A", "text": "stone"}, {"label": "B", "text": "pear"}]


def test_a_tasks_name_becomes_one_that_the_harness_can_take(tmp_path: Path) -> None:
    done = write_harness_task(task_of(SUM, name="bbh/object_counting"), load_answering(), GREEDY, tmp_path)
    assert (done.name, done.file.name, done.questions) == (
        "regenesis_bbh_object_counting",
        "regenesis_bbh_object_counting.yaml",
        1,
    )


def test_programs_are_refused(tmp_path: Path) -> None:
    program = Question("code/test/1", "code", "Write f.", "assert f() == 1", "code")
    with pytest.raises(TaskError, match="answers are programs"):
        write_harness_task(task_of(program), load_answering(), GREEDY, tmp_path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", "utf-8")
    with pytest.raises(RunError, match="Give another folder"):
        write_harness_task(task_of(SUM), load_answering(), GREEDY, tmp_path / "taken" / "x")
