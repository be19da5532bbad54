from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.running import regenesis
from tests.helpers.compared import write_run
from tests.helpers.experiments import write_experiment


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    base = {"toy": "rrwwwwwwww" * 4}
    write_run(folder / "first", base, {"toy": "rrrwwwwwww" * 4})
    write_run(folder / "second", base, {"toy": "rrrrrrrrww" * 4}, conditions={"precision": "Q8_0"})
    write_run(folder / "third", base, {"toy": "rrrrrrrrww" * 4}, seed=1)
    return folder


def test_two_finished_runs_are_compared(runs: Path) -> None:
    shown = regenesis("compare", "first", "second", cwd=runs)
    assert shown.returncode == 0, shown.stderr
    assert "Not alike: evaluation, base: precision (Q4_1 for first; Q8_0 for second)" in " ".join(shown.stdout.split())
    assert "+60.0" in shown.stdout


def test_labels_make_seeds_of_runs_and_a_baseline_of_a_label(runs: Path, tmp_path: Path) -> None:
    shown = regenesis(
        *("compare", "a=first", "b=second", "b=third", "--baseline", "a", "--out", tmp_path / "out", "--json"), cwd=runs
    )
    assert shown.returncode == 0, shown.stderr
    found = json.loads(shown.stdout)
    assert found["baselines"] == ["a"]
    assert found["groups"][0]["methods"]["b"]["averages"]["all"]["versus_base"]["seeds"] == 2
    assert json.loads((tmp_path / "out" / "results.json").read_text("utf-8")) == found


FAULTS = [
    (["first", "first"], "is named twice"),
    (["first", "nowhere"], "is not a run folder"),
    (["first", "=second"], "give LABEL=RUN"),
    (["first", "second", "--baseline", "ours"], "--baseline ours: is none of first, second"),
]


@pytest.mark.parametrize(("arguments", "told"), FAULTS)
def test_a_command_line_that_cannot_be_meant_is_told(runs: Path, arguments: list[str], told: str) -> None:
    shown = regenesis("compare", *arguments, cwd=runs)
    assert shown.returncode == 1
    assert told in shown.stderr
    assert "Traceback" not in shown.stderr


def test_an_experiment_is_run_and_its_tables_are_shown(tmp_path: Path) -> None:
    file = write_experiment(tmp_path)
    shown = regenesis("compare", file, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    told = " ".join(shown.stdout.split())
    assert "Each method trains on " in told
    assert "2 cells of 2 finished" in told
    assert (tmp_path / "experiments" / "experiment" / "tables.md").is_file()
    again = regenesis("compare", file, "--json", cwd=tmp_path)
    found = json.loads(again.stdout)
    assert (found["complete"], found["asked"]["sent"]) == (True, 0)
    assert set(found["comparison"]["groups"][0]["methods"]) == {"ours", "star"}


def test_an_experiment_whose_budget_is_spent_says_how_to_go_on(tmp_path: Path) -> None:
    file = write_experiment(tmp_path)
    shown = regenesis("compare", file, "--run-dir", "x", "--set", "base.budget.requests=9", cwd=tmp_path)
    assert shown.returncode == 3
    assert f"regenesis compare {file} --run-dir x --set base.budget.requests=9" in " ".join(shown.stdout.split())


EXPERIMENT_FAULTS = [
    (["experiment.yaml", "runs/a"], "is an experiment's file; give it alone"),
    (["experiment.yaml", "--baseline", "star"], "go with finished runs"),
    (["first", "second", "--plan"], "go with an experiment's YAML file"),
    (["first", "--run-dir", "x"], "go with an experiment's YAML file"),
    (["nowhere.yaml"], "cannot be read"),
]


@pytest.mark.parametrize(("arguments", "told"), EXPERIMENT_FAULTS)
def test_options_of_experiments_and_of_runs_are_kept_apart(tmp_path: Path, arguments: list[str], told: str) -> None:
    shown = regenesis("compare", *arguments, cwd=tmp_path)
    assert shown.returncode == 1
    assert told in shown.stderr
