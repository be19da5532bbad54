"""The whole loop as a process: a scripted server for asking, and a tiny model that is really trained."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fixtures.scripted_server import server_process
from tests.helpers.runs import toy_mapping, write_questions
from tests.helpers.tiny_models import write_tiny_gguf

pytestmark = [pytest.mark.model]


def loop(config: Path, run: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "regenesis", "run", str(config), "--run-dir", str(run), *options],
        capture_output=True,
        check=False,
        text=True,
        timeout=240,
        env=os.environ | {"COLUMNS": "120"},
    )


def write_config(folder: Path, url: str, **parts: Any) -> Path:
    measured = write_questions(folder / "measured", 6, first=100)
    served = {"kind": "openai", "base_url": url, "model": "scripted"}
    mapping = toy_mapping(
        write_questions(folder, 6),
        url,
        training={
            "model": str(write_tiny_gguf(folder / "tiny.gguf", "llama")),
            "max_steps": 2,
            "batch_size": 2,
            "precision": "fp32",
        },
        evaluation={
            "tasks": [{"name": "measured", "file": str(measured), "kind": "number"}],
            "tuned_engine": served | {"extra_body": {"note": "tuned"}},
        },
        **parts,
    )
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(mapping))
    return config


def test_the_loop_goes_through_all_stages_and_the_second_time_does_nothing(tmp_path: Path) -> None:
    log, run = tmp_path / "requests", tmp_path / "run"
    with server_process("--play", "arithmetic", "--log", str(log)) as url:
        config = write_config(tmp_path, url)
        first = loop(config, run, "--json")
        assert first.returncode == 0, first.stderr
        told = json.loads(first.stdout)
        assert [stage["stage"] for stage in told["stages"]] == ["synthesize", "train", "evaluate"]
        assert told["complete"]
        asked, trained = log.read_bytes(), (run / "model" / "training.json").stat().st_mtime_ns

        second = loop(config, run)
    assert second.returncode == 0, second.stderr
    assert "Nothing to do" in second.stdout
    assert "inconclusive" in second.stdout
    assert log.read_bytes() == asked
    assert (run / "model" / "training.json").stat().st_mtime_ns == trained
    card = (run / "model" / "README.md").read_text()
    assert "model-index" in card


def test_other_training_settings_train_anew_and_ask_nothing_of_the_synthesis(tmp_path: Path) -> None:
    log, run = tmp_path / "requests", tmp_path / "run"
    with server_process("--play", "arithmetic", "--log", str(log)) as url:
        config = write_config(tmp_path, url)
        assert loop(config, run, "--set", "evaluation.tasks=[]").returncode == 0
        asked = log.read_bytes()
        again = loop(config, run, "--set", "evaluation.tasks=[]", "--set", "training.max_steps=3")
    assert again.returncode == 0, again.stderr
    assert log.read_bytes() == asked
    assert json.loads((run / "model" / "training.json").read_text())["steps"] == 3


def test_a_spent_budget_stops_the_loop_before_training_and_the_same_command_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with server_process("--play", "arithmetic") as url:
        config = write_config(tmp_path, url)
        stopped = loop(config, run, "--set", "budget.requests=10")
        assert stopped.returncode == 3, stopped.stderr
        assert not (run / "model").exists()
        assert "regenesis run" in stopped.stdout
        assert loop(config, run).returncode == 0
    assert (run / "evaluation" / "summary.json").exists()


def test_a_synthesis_that_keeps_nothing_ends_the_loop_with_the_reason(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with server_process("--play", "arithmetic") as url:
        config = write_config(tmp_path, url, curation={"min_tokens": 900, "max_tokens": 901})
        ended = loop(config, run)
    assert ended.returncode == 4
    assert "No paths were kept" in ended.stdout
    assert not (run / "model").exists()


def test_a_training_that_would_be_refused_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    from tests.helpers.trainable import save_tiny_checkpoint

    model = save_tiny_checkpoint(tmp_path / "model")
    (model / "chat_template.jinja").write_text("{% for m in messages %}{{ m.content }}{% endfor %}")
    log = tmp_path / "requests.jsonl"
    with server_process("--play", "arithmetic", "--log", str(log)) as url:
        config = write_config(tmp_path, url)
        outcome = loop(config, tmp_path / "run", "--set", f"training.model={model}")
    assert outcome.returncode == 1
    assert "so nothing is sent now" in outcome.stderr
    assert "training.end_of_turn" in outcome.stderr
    assert not log.exists() or not log.read_text()
