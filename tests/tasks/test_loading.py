"""Ids, order and what several tasks make together."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regenesis.errors import TaskError

Jsonl = Callable[..., Path]


def numbered(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"question": f"What is {number} + 0?", "answer": number, **more} for number in range(count)]


def test_tasks_come_in_the_configs_order(load: Any) -> None:
    loaded = load({"name": "svamp"}, {"name": "gsm8k", "limit": 1}, {"name": "strategyqa"})
    assert [question.task for question in loaded.questions] == ["svamp", "svamp", "gsm8k", "strategyqa", "strategyqa"]
    assert [(count.task, count.questions) for count in loaded.counts] == [("svamp", 2), ("gsm8k", 1), ("strategyqa", 2)]


def test_an_id_from_the_question_survives_edits_around_it(jsonl: Jsonl, load: Any) -> None:
    rows = numbered(3)
    before = {q.text: q.id for q in load({"name": "mine", "file": str(jsonl(*rows))}).questions}
    rows[1]["answer"] = 99
    after = {q.text: q.id for q in load({"name": "mine", "file": str(jsonl(*rows[1:]))}).questions}
    assert after.items() <= before.items()


def test_rows_that_are_alike_get_different_ids(jsonl: Jsonl, load: Any) -> None:
    row = {"question": "q", "answer": 1}
    ids = [q.id for q in load({"name": "mine", "file": str(jsonl(row, row, row))}, once=False).questions]
    assert ids[1:] == [f"{ids[0]}-2", f"{ids[0]}-3"]


def test_an_id_twice_in_the_users_own_file_names_both_lines(jsonl: Jsonl, load: Any) -> None:
    file = jsonl({"id": "a", "question": "q", "answer": 1}, "", {"id": "a", "question": "r", "answer": 2})
    for on_bad_row in ("error", "skip"):
        with pytest.raises(TaskError, match="lines 1 and 3 share the id 'a'"):
            load({"name": "mine", "file": str(file), "on_bad_row": on_bad_row})


@pytest.mark.parametrize("bad", [None, "", "a\nb", ["a"]])
def test_an_id_that_is_none_is_a_bad_row(bad: Any, jsonl: Jsonl, load: Any) -> None:
    file = jsonl({"id": "a", "question": "q", "answer": 1}, {"id": bad, "question": "r", "answer": 2})
    with pytest.raises(TaskError, match="line 2: its id"):
        load({"name": "mine", "file": str(file)})


def test_overlapping_entries_are_both_named(load: Any) -> None:
    with pytest.raises(TaskError) as error:
        load({"name": "svamp"}, {"name": "gsm8k"}, {"name": "svamp", "offset": 1})
    assert "from tasks.0 (svamp) and again from tasks.2 (svamp, offset 1)" in str(error.value)


def test_entries_of_one_task_that_do_not_overlap_are_fine(load: Any) -> None:
    loaded = load({"name": "svamp", "limit": 1}, {"name": "svamp", "offset": 1})
    assert len({question.id for question in loaded.questions}) == 2


def test_shuffled_parts_of_one_task_do_not_overlap(jsonl: Jsonl, load: Any) -> None:
    file = str(jsonl(*numbered(40)))
    parts = [
        [q.id for q in load({"name": "mine", "file": file, "shuffle": True, **part}).questions]
        for part in ({"limit": 15}, {"offset": 15, "limit": 15}, {"offset": 30})
    ]
    whole = [q.id for q in load({"name": "mine", "file": file, "shuffle": True}).questions]
    assert [identifier for part in parts for identifier in part] == whole
    assert len(set(whole)) == 40


def test_another_seed_gives_another_order(jsonl: Jsonl, load: Any) -> None:
    task = {"name": "mine", "file": str(jsonl(*numbered(40))), "shuffle": True}
    orders = [[q.id for q in load(task, seed=seed).questions] for seed in (0, 1)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_the_order_does_not_depend_on_the_process(jsonl: Jsonl, load: Any) -> None:
    file = str(jsonl(*numbered(20)))
    here = [q.id for q in load({"name": "mine", "file": file, "shuffle": True, "limit": 7}, seed=3).questions]
    program = (
        "import sys; from regenesis.tasks import TaskConfig, load_questions;"
        "task = {'name': 'mine', 'file': sys.argv[1], 'shuffle': True, 'limit': 7};"
        "print(*[q.id for q in load_questions([TaskConfig(**task)], seed=3).questions])"
    )
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        output = subprocess.run(
            [sys.executable, "-c", program, file], env=environment, capture_output=True, text=True, check=True
        )
        assert output.stdout.split() == here


def test_a_row_added_to_the_file_leaves_the_others_in_order(jsonl: Jsonl, load: Any) -> None:
    task = {"name": "mine", "shuffle": True}
    few = [q.id for q in load({**task, "file": str(jsonl(*numbered(20)))}).questions]
    more = [q.id for q in load({**task, "file": str(jsonl(*numbered(25)))}).questions]
    assert [identifier for identifier in more if identifier in few] == few


def test_a_task_that_yields_nothing_is_an_error(load: Any) -> None:
    with pytest.raises(TaskError, match=r"svamp, offset 9: yields no questions\. Of 2 rows read"):
        load({"name": "svamp", "offset": 9})


def test_a_kind_for_a_catalogued_task_is_refused(load: Any) -> None:
    with pytest.raises(TaskError, match="`kind` goes with `file`"):
        load({"name": "svamp", "kind": "text"})
