from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.runs import toy_mapping, write_questions

from regenesis.config import RunConfig, config_from_mapping
from regenesis.errors import TaskError
from regenesis.evaluation import MeasuredTask, load_tasks
from regenesis.tasks import TaskConfig


def config(folder: Path, **parts: Any) -> RunConfig:
    return config_from_mapping(toy_mapping(write_questions(folder, 6), **parts))


def loaded(folder: Path, tasks: list[dict[str, Any]], **evaluation: Any) -> list[MeasuredTask]:
    made = config(folder, evaluation={"tasks": tasks, **evaluation})
    return load_tasks(made.evaluation.tasks, made.evaluation, made.tasks)


def own(folder: Path, name: str, rows: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    file = folder / f"{len(list(folder.iterdir()))}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return {"name": name, "file": str(file), "kind": "number"} | fields


ROWS = [{"id": number, "question": f"What is {number}?", "answer": str(number)} for number in range(3)]


def test_a_task_that_is_trained_on_is_in_domain_and_others_are_not(tmp_path: Path) -> None:
    tasks = [own(tmp_path, "toy", ROWS), own(tmp_path, "far", ROWS)]
    assert [task.domain for task in loaded(tmp_path, tasks)] == ["in-domain", "out-of-domain"]


def test_the_file_that_is_trained_on_is_in_domain_under_any_name(tmp_path: Path) -> None:
    file = write_questions(tmp_path, 6)
    [task] = loaded(tmp_path, [{"name": "other", "file": str(file), "kind": "number"}])
    assert task.domain == "in-domain"


def test_a_part_of_a_task_that_is_trained_on_is_in_domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data" / "lukaemon" / "bbh" / "navigate"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_text(json.dumps({"input": "Do you return? Options:\n- Yes\n- No", "target": "Yes"}))
    made = config(tmp_path, data_root=str(tmp_path / "data"), evaluation={"tasks": ["bbh/navigate"]})
    root = tmp_path / "data"
    for name, domain in (("bbh", "in-domain"), ("toy", "out-of-domain")):
        [task] = load_tasks(made.evaluation.tasks, made.evaluation, [TaskConfig(name=name)], data_root=root)
        assert task.domain == domain


def test_the_config_may_say_what_is_in_domain(tmp_path: Path) -> None:
    tasks = [own(tmp_path, "toy", ROWS), own(tmp_path, "far", ROWS)]
    found = loaded(tmp_path, tasks, in_domain=["far"])
    assert [task.domain for task in found] == ["out-of-domain", "in-domain"]


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["../../etc/x", "a/b"], ["etc-x", "a-b"]),
        (["a/b", "a:b"], ["a-b", "a-b-2"]),
        (["...", "Näh"], ["task", "N-h"]),
        (["Toy", "toy"], ["Toy", "toy-2"]),
    ],
)
def test_a_tasks_name_never_leads_out_of_the_folder(tmp_path: Path, names: list[str], files: list[str]) -> None:
    tasks = [own(tmp_path, name, ROWS) for name in names]
    assert [task.file for task in loaded(tmp_path, tasks)] == files


def test_one_task_on_two_splits_has_two_names(tmp_path: Path) -> None:
    tasks = [own(tmp_path, "same", ROWS, split="one"), own(tmp_path, "same", ROWS, split="two")]
    assert [task.name for task in loaded(tmp_path, tasks)] == ["same:one", "same:two"]


def test_one_question_in_two_tasks_is_refused(tmp_path: Path) -> None:
    task = own(tmp_path, "same", ROWS)
    with pytest.raises(TaskError, match="list each task once"):
        loaded(tmp_path, [task, task | {"limit": 1}])


def test_questions_without_a_known_answer_are_left_out_and_counted(tmp_path: Path) -> None:
    [task] = loaded(tmp_path, [own(tmp_path, "some", [*ROWS, {"id": 9, "question": "Who knows?", "answer": None}])])
    assert (len(task.questions), task.unknown) == (3, 1)


def test_a_task_without_any_known_answer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="cannot be evaluated on"):
        loaded(tmp_path, [own(tmp_path, "none", [{"id": 9, "question": "Who knows?", "answer": None}])])


def test_without_tasks_it_is_said_how_to_name_some(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="--tasks"):
        loaded(tmp_path, [])


def test_programs_are_not_measured_unless_they_may_be_run(tmp_path: Path) -> None:
    code = own(tmp_path, "code", [{"id": 1, "question": "Double it.", "answer": "assert f(2) == 4"}], kind="code")
    with pytest.raises(TaskError, match=r"code: answers are programs.*evaluation\.run_programs"):
        loaded(tmp_path, [code])
    assert loaded(tmp_path, [code], run_programs=True)[0].questions[0].kind == "code"


def test_the_same_questions_have_the_same_digest(tmp_path: Path) -> None:
    first, again, other = loaded(
        tmp_path, [own(tmp_path, "a", ROWS), own(tmp_path, "b", ROWS), own(tmp_path, "c", ROWS[:2])]
    )
    assert first.digest != other.digest
    assert loaded(tmp_path, [first.origin])[0].digest == first.digest
    assert again.digest != first.digest  # a question's id names its task
