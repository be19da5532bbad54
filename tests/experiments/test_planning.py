"""What an experiment is expected to take, before anything is spent."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import regenesis
from tests.helpers.experiments import METHODS, write_experiment

from regenesis.errors import ConfigError
from regenesis.experiments.config import load_experiment
from regenesis.experiments.planning import plan_experiment
from regenesis.experiments.running import run_experiment
from regenesis.report.blocks import Note
from regenesis.report.views.experiment_plan import experiment_plan_view
from regenesis.tasks import load_questions


def test_methods_are_planned_on_equal_terms(tmp_path: Path) -> None:
    experiment = load_experiment(write_experiment(tmp_path, methods=METHODS))
    found = plan_experiment(experiment, tmp_path / "x")
    assert len({method.rows for method in found.methods}) == 1
    assert all(method.rows <= method.yielded for method in found.methods)
    fewer = plan_experiment(experiment.model_copy(update={"examples": 3}), tmp_path / "x")
    assert {method.rows for method in fewer.methods} == {3}
    assert fewer.training_tokens < found.training_tokens


def test_the_base_is_evaluated_once_and_each_trained_model_once(tmp_path: Path) -> None:
    experiment = load_experiment(write_experiment(tmp_path, methods=METHODS, seeds=[0, 1], exam=10))
    assert plan_experiment(experiment, tmp_path / "x").evaluation_calls == 10 * (1 + 2 * len(METHODS))


def test_plain_samples_of_several_methods_count_once(tmp_path: Path) -> None:
    experiment = load_experiment(write_experiment(tmp_path, methods=METHODS, train=10))
    found = plan_experiment(experiment, tmp_path / "x")
    calls = {method.label: method.calls for method in found.methods}
    assert found.shared_calls == calls["rejection"]
    assert found.synthesis_calls == pytest.approx(sum(calls.values()) - found.shared_calls)


def test_questions_are_read_once_for_all_methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []

    def counted(tasks: Any, **settings: Any) -> Any:
        read.append(tasks)
        return load_questions(tasks, **settings)

    monkeypatch.setattr(sys.modules["regenesis.runs.plan"], "load_questions", counted)
    experiment = load_experiment(write_experiment(tmp_path, methods=METHODS, seeds=[0, 1]))
    assert len(plan_experiment(experiment, tmp_path / "x").methods) == len(METHODS) > 1
    assert len(read) == 1


def test_times_are_unknown_until_the_model_has_been_at_work_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    experiment = load_experiment(write_experiment(tmp_path))
    assert set(plan_experiment(experiment, "x").seconds.values()) == {None}
    run_experiment(experiment, "x")
    found = plan_experiment(experiment, "y")
    assert found.speeds.trained_in is not None
    assert found.speeds.trained_in.startswith("x/cells")
    assert found.seconds["training"] is not None
    assert all(method.measured_yield is not None for method in found.methods if method.calls)
    told = [one.text for part in experiment_plan_view(found) for one in part if isinstance(one, Note)]
    assert any("at the yields of earlier runs (" in text for text in told)


def test_more_questions_show_smaller_differences(tmp_path: Path) -> None:
    few, many = (
        plan_experiment(load_experiment(write_experiment(tmp_path, exam=exam)), tmp_path / "x").detectable
        for exam in (20, 200)
    )
    assert many["out-of-domain"].versus_base < few["out-of-domain"].versus_base  # type: ignore[operator]


def test_an_experiment_that_cannot_be_run_is_refused_by_its_plan(tmp_path: Path) -> None:
    served = {"engine": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"}}
    file = write_experiment(tmp_path, base={**served, "training": {"model": "pypi:smollm2-135m-instruct"}})
    with pytest.raises(ConfigError, match="cannot load tuned models"):
        plan_experiment(load_experiment(file), tmp_path / "x")


def test_the_command_line_shows_the_plan_and_makes_nothing(tmp_path: Path) -> None:
    file = write_experiment(tmp_path, methods=METHODS, seeds=[0, 1])
    shown = regenesis("compare", file, "--plan", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    told = " ".join(shown.stdout.split())
    assert "smallest difference" in told
    assert "not measured" in told
    assert "With each of 2 seeds." in told
    as_json = regenesis("compare", file, "--plan", "--json", "--set", "examples=5", cwd=tmp_path)
    assert {method["rows"] for method in json.loads(as_json.stdout)["methods"]} == {5}
    assert not (tmp_path / "experiments").exists()
