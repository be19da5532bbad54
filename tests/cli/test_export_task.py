from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.running import regenesis

QUESTIONS = '{"question": "What is 2 + 3?", "answer": "5"}\n{"question": "What is 4 + 4?", "answer": "8"}\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "sums.jsonl").write_text(QUESTIONS, "utf-8")
    file = tmp_path / "config.yaml"
    file.write_text(
        "tasks: [{name: sums, file: sums.jsonl}]\nevaluation: {tasks: [{name: sums, file: sums.jsonl}]}\n", "utf-8"
    )
    return file


def test_the_tasks_of_a_configs_evaluation_are_written(tmp_path: Path, config: Path) -> None:
    done = regenesis("export-task", "--config", config, "--to", "tasks", "--json", cwd=tmp_path)
    report = json.loads(done.stdout)
    assert report["tasks"] == [{"task": "regenesis_sums", "file": "tasks/regenesis_sums.yaml", "questions": 2}]
    assert "--tasks regenesis_sums" in report["command"]


def test_settings_on_the_command_line_shape_the_prompt(tmp_path: Path, config: Path) -> None:
    regenesis("export-task", "--config", config, "--to", "t", "--set", "answering.prompt=direct", cwd=tmp_path)
    assert (
        "nothing else" in json.loads((tmp_path / "t/regenesis_sums.jsonl").read_text("utf-8").splitlines()[0])["prompt"]
    )


def test_without_tasks_it_says_what_to_give(tmp_path: Path) -> None:
    done = regenesis("export-task", "--to", "tasks", cwd=tmp_path)
    assert (done.returncode, "No tasks to export" in done.stderr) == (1, True)
