"""`regenesis tasks`: what it prints, and that it does not import half the world for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from regenesis.cli.tasks import tasks_command
from regenesis.errors import TaskError
from regenesis.tasks import task_names

app = typer.Typer()
app.command()(tasks_command)


def output(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_table_names_every_task() -> None:
    table = output()
    for name in task_names():
        assert f"\n{name} " in table
    assert "--reasoning-gym" in table


def test_the_catalogue_as_json() -> None:
    entries = json.loads(output("--json"))
    assert [entry["name"] for entry in entries] == task_names()
    assert {"name", "title", "hub", "configs", "splits", "measured_on", "kind", "licence", "note"} == set(entries[0])
    assert {entry["name"]: entry["measured_on"] for entry in entries}["commonsense_qa"] == "validation"


def test_one_part_of_a_task_in_full() -> None:
    [entry] = json.loads(output("bbh/navigate", "--json"))
    assert (entry["name"], entry["configs"], entry["kind"]) == ("bbh/navigate", ["navigate"], "boolean")
    shown = output("bbh/navigate")
    assert "licence       MIT" in shown
    assert "measured on   test" in shown
    assert "No example offline" in shown


def test_a_question_is_shown_where_it_lies_near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGENESIS_DATA_ROOT", str(Path(__file__).parent / "rows"))
    shown = output("bbh/navigate")
    assert "Example: bbh/navigate/test/" in shown
    assert "gold answer: Yes" in shown
    [entry] = json.loads(output("bbh/navigate", "--json"))
    assert set(entry["sample"]) == {"id", "text", "gold"}


def test_a_reasoning_gym_task_shows_its_parameters() -> None:
    shown = output("rg:chain_sum")
    assert "min_terms=2" in shown
    assert "gold answer: " in shown


def test_reasoning_gym_tasks_are_listed_on_request() -> None:
    names = output("--reasoning-gym").split()
    assert "rg:gsm_symbolic" in names
    assert json.loads(output("--reasoning-gym", "--json")) == names


def test_an_unknown_name_is_an_error() -> None:
    assert isinstance(CliRunner().invoke(app, ["gsm9k"]).exception, TaskError)


def test_the_catalogue_is_listed_without_heavy_imports() -> None:
    program = (
        "import sys; from regenesis.tasks import catalogue; catalogue();"
        "print(*sorted({'datasets', 'reasoning_gym', 'pyarrow', 'jinja2.ext', 'rich'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_a_task_that_comes_with_the_package_shows_a_question_and_no_hub() -> None:
    shown = output("starter/logic")
    assert "Example: starter/logic/test/1" in shown
    assert "\nhub " not in shown
