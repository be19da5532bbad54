from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from regenesis.cli.models import models_command
from regenesis.errors import ModelError
from regenesis.models import known_models


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.setenv("REGENESIS_CACHE", str(tmp_path / "cache"))
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(models_command)
    return app


def test_the_list_says_what_a_model_is_and_whether_it_is_here(command: typer.Typer) -> None:
    shown = CliRunner().invoke(command, []).stdout
    assert "pypi:qwen2.5-coder-1.5b-instruct" in shown
    assert "Apache-2.0" in shown
    assert shown.count("not downloaded") == len(known_models())
    assert "hf:Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF" in shown


def test_the_list_can_be_read_by_a_machine(command: typer.Typer) -> None:
    models = json.loads(CliRunner().invoke(command, ["--json"]).stdout)
    assert [model["name"] for model in models] == [model.spec for model in known_models()]
    assert all(model["path"] is None and model["size"] > 0 for model in models)


def test_fetching_prints_the_path_alone(command: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"GGUF")
    outcome = CliRunner().invoke(command, ["--fetch", str(tmp_path / "mine.gguf")])
    assert outcome.stdout == f"{tmp_path / 'mine.gguf'}\n"


def test_fetching_what_does_not_exist_is_an_error_of_ours(command: typer.Typer) -> None:
    outcome = CliRunner().invoke(command, ["--fetch", "pypi:nothing"])
    assert isinstance(outcome.exception, ModelError)
