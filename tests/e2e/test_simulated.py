"""The whole loop on the simulated engine, from the command line: what a user tries first, with nothing to fetch."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from tests.cli.running import regenesis

from regenesis.engines.simulated.questions import write_questions


def test_two_rounds_are_gone_through_in_seconds_and_called_simulated_everywhere(tmp_path: Path) -> None:
    for name, seed in (("train", 1), ("exam", 2)):
        write_questions(tmp_path / f"{name}.jsonl", 10, groups=5, seed=seed)
    config = {
        "tasks": [{"name": "sums", "file": "train.jsonl", "kind": "number"}],
        "engine": {"kind": "simulated", "gain": {"most": 6.0, "half_at": 5}},
        "method": {"guidelines": 4, "wave": 2, "keep": 2},
        "evaluation": {"tasks": [{"name": "exam", "file": "exam.jsonl", "kind": "number"}]},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    run = tmp_path / "run"
    outcome = regenesis("run", "config.yaml", "--run-dir", run, "--rounds", "2", cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    summary = json.loads((run / "evaluation" / "summary.json").read_text("utf-8"))
    assert [model["identity"].startswith("simulated@") for model in summary["models"].values()] == [True] * 3
    assert {model["conditions"]["precision"] for model in summary["models"].values()} == {"simulated"}
    exam = summary["tasks"]["exam"]["models"]
    assert exam["base"]["correct"] < exam["tuned"]["correct"]
    for folder in (run, run / "round-2"):
        assert "no language model" in (folder / "model" / "README.md").read_text("utf-8")
    status = regenesis("status", run, cwd=tmp_path)
    assert "simulated" in status.stdout
    assert "loss" not in status.stdout
    again = regenesis("run", "config.yaml", "--run-dir", run, "--rounds", "2", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "Nothing to do: the model is already trained" in again.stdout
