from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import regenesis


def logged(number: int, response: str | list[str], target: str, doc: dict[str, Any], **scores: float) -> list[Any]:
    """The lines of one answer in the harness' log, one for each filter."""
    return [
        {
            "doc_id": number,
            "doc": doc,
            "target": target,
            "resps": [[response] if isinstance(response, str) else response],
            "filtered_resps": ["[invalid]"],
            "filter": name,
            "metrics": ["exact_match"],
            "exact_match": score,
            "doc_hash": f"hash of {number}",
        }
        for name, score in scores.items()
    ]


def written(folder: Path, *answers: list[Any]) -> Path:
    """A log: all answers under the first filter, then all under the second."""
    file = folder / "samples_task.jsonl"
    rows = [row for rows in zip(*answers, strict=True) for row in rows]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def graded(*arguments: str | Path, cwd: Path) -> list[Any]:
    return [json.loads(line) for line in regenesis("grade", *arguments, cwd=cwd).stdout.splitlines()]


SUM = {"question": "What is 9 + 9?", "answer": "9 + 9 = 18\n#### 18"}
RIGHT = logged(0, "9 + 9 is 18.", SUM["answer"], SUM, strict=0.0, flexible=1.0)
WRONG = logged(1, "The answer is 17.", SUM["answer"], SUM, strict=0.0, flexible=0.0)


def test_an_answer_is_graded_once_however_many_filters_the_harness_has(tmp_path: Path) -> None:
    rows = graded(written(tmp_path, RIGHT, WRONG), cwd=tmp_path)
    assert [(row["id"], row["status"]) for row in rows] == [(0, "correct"), (1, "incorrect")]
    assert rows[0]["harness"] == {"exact_match,strict": 0.0, "exact_match,flexible": 1.0}


def test_the_summary_says_how_far_the_harness_agrees(tmp_path: Path) -> None:
    done = regenesis("grade", written(tmp_path, RIGHT, WRONG), "--json", cwd=tmp_path)
    summary = json.loads(done.stdout)
    assert summary["rows"] == 2
    assert summary["harness"] == {
        "exact_match,strict": {"answers": 2, "correct": 0, "agreed": 1},
        "exact_match,flexible": {"answers": 2, "correct": 1, "agreed": 2},
    }


def test_every_repeat_is_an_answer(tmp_path: Path) -> None:
    twice = logged(0, ["It is 18.", "It is 19."], SUM["answer"], SUM, only=1.0)
    rows = graded(written(tmp_path, twice), cwd=tmp_path)
    assert [(row["sample"], row["status"]) for row in rows] == [(0, "correct"), (1, "incorrect")]


def test_logs_of_several_tasks_in_one_file_are_told_apart(tmp_path: Path) -> None:
    other = [{**row, "doc_hash": "another"} for row in RIGHT]
    assert len(graded(written(tmp_path, RIGHT, other), cwd=tmp_path)) == 2


def test_questions_of_an_exported_task_are_graded_as_an_evaluation_grades_them(tmp_path: Path) -> None:
    doc = {
        "id": "picks/test/1",
        "gold": "B",
        "kind": "choice",
        "choices": [{"label": "A", "text": "stone"}, {"label": "B", "text": "pear"}],
        "accepted": [],
        "scoring": "",
    }
    rows = graded(written(tmp_path, logged(0, "The answer is the pear.", "B", doc, boxed=0.0)), cwd=tmp_path)
    assert [(row["id"], row["status"], row["extracted"]) for row in rows] == [("picks/test/1", "correct", "B")]


def test_questions_with_a_scorer_of_their_own_are_scored_by_it(tmp_path: Path) -> None:
    from regenesis.tasks import TaskConfig, load_questions

    pytest.importorskip("reasoning_gym")
    question = load_questions([TaskConfig(name="rg:chain_sum", limit=1)]).questions[0]
    doc = {"id": question.id, "gold": question.gold, "kind": "scorer", "scoring": json.dumps(question.scoring)}
    answer = rf"So it is \boxed{{{question.gold}}}."
    rows = graded(written(tmp_path, logged(0, answer, str(question.gold), doc, boxed=1.0)), cwd=tmp_path)
    assert rows[0]["status"] == "correct"


def test_rows_of_a_catalogued_dataset_are_read_as_that_task_reads_them(tmp_path: Path) -> None:
    doc = {"input": "Pick the fruit.\nOptions:\n(A) stone\n(B) pear", "target": "(B)"}
    log = written(tmp_path, logged(0, "It must be the pear.", "(B)", doc, strict=0.0))
    assert graded(log, "--task", "bbh/date_understanding", cwd=tmp_path)[0]["status"] == "correct"


def test_a_task_of_several_parts_is_refused(tmp_path: Path) -> None:
    done = regenesis("grade", written(tmp_path, RIGHT), "--task", "bbh", cwd=tmp_path)
    assert "name the one that was logged, such as bbh/boolean_expressions" in done.stderr


def test_a_task_for_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "responses.jsonl").write_text('{"response": "18", "gold": "18"}\n', "utf-8")
    done = regenesis("grade", "responses.jsonl", "--task", "gsm8k", cwd=tmp_path)
    assert (done.returncode, "goes with a log" in done.stderr) == (1, True)


def test_log_likelihoods_are_named_as_what_cannot_be_graded(tmp_path: Path) -> None:
    row = {"doc_id": 0, "doc": SUM, "target": 1, "resps": [[[-1.5, False]], [[-0.5, True]]], "filter": "none"}
    (tmp_path / "log.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    done = regenesis("grade", "log.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    assert "line 1: holds log-likelihoods" in done.stderr


@pytest.mark.parametrize(
    "damage",
    [{"resps": 5}, {"resps": []}, {"resps": [[3]]}, {"doc": None}, {"metrics": 7}, {"metrics": [[]]}, {"doc_id": {}}],
)
def test_a_damaged_line_never_ends_in_a_traceback(tmp_path: Path, damage: dict[str, Any]) -> None:
    log = written(tmp_path, RIGHT, [{**row, **damage} for row in WRONG])
    done = regenesis("grade", log, "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["rows"] >= 1
