from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import regenesis


def written(folder: Path, *rows: Any) -> Path:
    file = folder / "responses.jsonl"
    file.write_text(
        "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n", encoding="utf-8"
    )
    return file


RIGHT = {"response": "The answer is 18.", "gold": 18, "id": "kept"}
WRONG = {"response": "A", "gold": "B", "choices": {"A": "apple", "B": "banana"}}
UNREAD = {"response": "I am not sure.", "gold": "18", "kind": "number"}


def test_every_row_comes_back_with_its_verdict(tmp_path: Path) -> None:
    done = regenesis("grade", written(tmp_path, RIGHT, WRONG, UNREAD), cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["status"] for row in rows] == ["correct", "incorrect", "unparsed"]
    assert rows[0]["id"] == "kept"
    assert rows[0]["extracted"] == "18"
    assert rows[2]["extracted"] is None
    assert all(row["reason"] and row["rule"] for row in rows)
    assert done.returncode == 0


def test_the_summary_counts_verdicts(tmp_path: Path) -> None:
    done = regenesis("grade", written(tmp_path, RIGHT, WRONG, UNREAD), cwd=tmp_path)
    assert "3 graded: 1 correct (33.3 %), 1 incorrect (33.3 %), 1 unparsed (33.3 %)" in done.stderr


def test_json_prints_the_summary_and_nothing_else(tmp_path: Path) -> None:
    done = regenesis("grade", written(tmp_path, RIGHT, WRONG, "torn {"), "--json", cwd=tmp_path)
    summary = json.loads(done.stdout)
    assert (summary["rows"], summary["correct"], summary["incorrect"], summary["bad_rows"]) == (2, 1, 1, 1)


def test_out_takes_the_rows(tmp_path: Path) -> None:
    done = regenesis("grade", written(tmp_path, RIGHT, WRONG), "--out", "graded.jsonl", cwd=tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "graded.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["status"] for row in rows] == ["correct", "incorrect"]
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("not json", "line 2: not valid JSON"),
        ([1], "line 2: a JSON list"),
        ({"gold": "18"}, "line 2: `response` must be a string"),
        ({"response": "18"}, "line 2: `gold` must be a string or a number"),
        ({"response": "18", "gold": "18", "kind": "guess"}, "line 2: `kind` must be one of number, choice"),
        ({"response": "18", "gold": "18", "choices": "A"}, "line 2: `choices` must be"),
    ],
)
def test_a_bad_row_is_named_and_left_out(tmp_path: Path, row: Any, complaint: str) -> None:
    done = regenesis("grade", written(tmp_path, RIGHT, row, WRONG), cwd=tmp_path)
    assert complaint in done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert done.returncode == 0


def test_a_file_without_a_single_good_row_fails(tmp_path: Path) -> None:
    done = regenesis("grade", written(tmp_path, "nonsense"), cwd=tmp_path)
    assert done.returncode == 1
    assert "no valid rows" in done.stderr


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    done = regenesis("grade", "missing.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    assert "missing.jsonl: cannot be opened" in done.stderr


def test_the_file_being_read_is_not_overwritten(tmp_path: Path) -> None:
    file = written(tmp_path, RIGHT)
    done = regenesis("grade", file, "--out", file, cwd=tmp_path)
    assert done.returncode == 1
    assert json.loads(file.read_text(encoding="utf-8")) == RIGHT


def test_a_byte_that_is_no_text_costs_only_its_row(tmp_path: Path) -> None:
    file = tmp_path / "responses.jsonl"
    file.write_bytes(b'{"response": "\xff", "gold": "18"}\n' + json.dumps(RIGHT).encode() + b"\n")
    done = regenesis("grade", file, "--out", "graded.jsonl", cwd=tmp_path)
    statuses = [json.loads(line)["status"] for line in (tmp_path / "graded.jsonl").read_text().splitlines()]
    assert statuses == ["unparsed", "correct"]
    assert done.returncode == 0


def test_a_lone_surrogate_survives(tmp_path: Path) -> None:
    file = written(tmp_path, '{"response": "\\ud800 The answer is 18.", "gold": "18"}')
    regenesis("grade", file, "--out", "graded.jsonl", cwd=tmp_path)
    row = json.loads((tmp_path / "graded.jsonl").read_text(encoding="utf-8"))
    assert row["response"].startswith("\ud800")
    assert row["status"] == "correct"


def test_positions_of_options_are_told_from_the_whole_column(tmp_path: Path) -> None:
    rows = [
        {"response": f"\\boxed{{{label}}}", "gold": gold, "choices": ["red", "blue"]}
        for label, gold in [("A", 1), ("B", 2)]
    ]
    done = regenesis("grade", written(tmp_path, *rows), "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["correct"] == 2


def test_positions_that_no_row_settles_are_asked_about(tmp_path: Path) -> None:
    row = {"response": "\\boxed{A}", "gold": "1", "choices": ["red", "blue", "green"]}
    done = regenesis("grade", written(tmp_path, row), cwd=tmp_path)
    assert done.returncode == 1
    assert "no row tells whether the first is 0 or 1" in done.stderr


def test_options_filled_up_with_null_are_none(tmp_path: Path) -> None:
    row = {"response": "None", "gold": "B", "choices": {"A": "red", "B": "blue", "C": None}}
    done = regenesis("grade", written(tmp_path, row), cwd=tmp_path)
    assert json.loads(done.stdout)["status"] == "unparsed"
