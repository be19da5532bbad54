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


@pytest.fixture
def no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that cannot be reached, with an empty cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.mark.usefixtures("no_hub")
def test_a_run_whose_training_cannot_get_its_weights_is_refused_before_it_asks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing is sent now\. Training needs the weights of hf:org/repo") as raised:
        run(config(tmp_path, model="hf:org/repo"), tmp_path / "run")
    assert "set training.model to" in str(raised.value)
    assert not (tmp_path / "run" / "ledger.sqlite").exists()


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize(("trains", "more"), [(False, {}), (True, {"launcher": "ray"})])
def test_weights_out_of_reach_are_a_warning_where_no_training_follows_or_it_runs_elsewhere(
    trains: bool, more: dict[str, str], tmp_path: Path
) -> None:
    findings = before_a_run(config(tmp_path, model="hf:org/repo", **more), tmp_path / "run", trains=trains)
    assert [(one.check, one.status) for one in findings] == [("training", "warn")]
