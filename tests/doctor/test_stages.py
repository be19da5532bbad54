from __future__ import annotations

import sys
from pathlib import Path

import pytest

from regenesis.config import RunConfig, config_from_mapping
from regenesis.doctor import before_a_run, stages
from regenesis.errors import ConfigError
from regenesis.findings import Finding
from regenesis.runs.running import run


def config(folder: Path, **training: object) -> RunConfig:
    (folder / "questions.csv").write_text("question,answer\nHow much are 2 and 3?,5\n")
    return config_from_mapping(
        {
            "tasks": [{"name": "mine", "file": str(folder / "questions.csv")}],
            "engine": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"},
            "training": {"model": str(folder / "model"), **training},
        }
    )


def of_training(config: RunConfig, folder: Path, *, trains: bool = True) -> list[Finding]:
    return [one for one in before_a_run(config, folder / "run", trains=trains) if one.check == "training"]


def test_a_run_that_cannot_train_is_refused_before_it_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "_PACKAGES", ("json", "nothing_of_the_kind"))
    with pytest.raises(ConfigError, match=r"nothing is sent now. Not installed: nothing_of_the_kind"):
        run(config(tmp_path), tmp_path / "run")
    assert not (tmp_path / "run" / "ledger.sqlite").exists()


@pytest.mark.parametrize(("trains", "status"), [(True, "fail"), (False, "warn")])
def test_another_python_is_asked_what_it_has(
    trains: bool, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "_PACKAGES", ("json", "nothing_of_the_kind"))
    [found] = of_training(config(tmp_path, python=sys.executable), tmp_path, trains=trains)
    assert (found.status, found.summary) == (status, f"Not installed for {sys.executable}: nothing_of_the_kind.")
    assert "pip install 'regenesis[train]'" in found.advice


def test_another_python_with_all_packages_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "_PACKAGES", ("json",))
    assert of_training(config(tmp_path, python=sys.executable), tmp_path) == []


@pytest.mark.parametrize("name", ["nowhere/python", "/bin/false"])
def test_a_program_that_is_no_python_is_told(name: str, tmp_path: Path) -> None:
    [found] = of_training(config(tmp_path, python=name), tmp_path)
    assert found.status == "fail"
    assert found.advice == "Correct training.python."
