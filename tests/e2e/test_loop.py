"""The whole loop as a process: a scripted server for asking, and a tiny model that is really trained."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fixtures.scripted_server import server_process
from tests.helpers.forked import run_command
from tests.helpers.runs import toy_mapping, write_questions
from tests.helpers.tiny_models import write_tiny_gguf

pytestmark = [pytest.mark.model]


def loop(config: Path, run: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run_command("run", config, "--run-dir", run, *options, cwd=config.parent, seconds=240, COLUMNS="120")


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


@dataclass(frozen=True)
class Loop:
    """A loop that a budget stopped first, and that the same command then went through.

    Attributes:
        config: Its config.
        run: Its folder.
        log: Bodies of the requests that the server got.
        stopped: The start that ran out of budget.
        trained_then: Whether that start left a model.
        first: The start that went through.
    """

    config: Path
    run: Path
    log: Path
    stopped: subprocess.CompletedProcess[str]
    trained_then: bool
    first: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder = tmp_path_factory.mktemp("loop")
    log, run = folder / "requests", folder / "run"
    with server_process("--play", "arithmetic", "--log", str(log)) as url:
        config = write_config(folder, url)
        stopped = loop(config, run, "--set", "budget.requests=10")
        trained_then = (run / "model").exists()
        yield Loop(config, run, log, stopped, trained_then, loop(config, run, "--json"))


def test_a_spent_budget_stops_the_loop_before_training_and_the_same_command_goes_on(finished: Loop) -> None:
    assert finished.stopped.returncode == 3, finished.stopped.stderr
    assert not finished.trained_then
    assert "regenesis run" in finished.stopped.stdout
    assert finished.first.returncode == 0, finished.first.stderr
    assert (finished.run / "evaluation" / "summary.json").exists()


def test_the_loop_goes_through_all_stages_and_the_second_time_does_nothing(finished: Loop) -> None:
    told = json.loads(finished.first.stdout)
    assert [stage["stage"] for stage in told["stages"]] == ["synthesize", "train", "evaluate"]
    assert told["complete"]
    model = finished.run / "model"
    asked, trained = finished.log.read_bytes(), (model / "training.json").stat().st_mtime_ns

    second = loop(finished.config, finished.run)
    assert second.returncode == 0, second.stderr
    assert "Nothing to do" in second.stdout
    assert "inconclusive" in second.stdout
    assert finished.log.read_bytes() == asked
    assert (model / "training.json").stat().st_mtime_ns == trained
    assert "model-index" in (model / "README.md").read_text()


def test_other_training_settings_train_anew_and_ask_nothing_of_the_synthesis(finished: Loop, tmp_path: Path) -> None:
    run = shutil.copytree(finished.run, tmp_path / "run")
    asked = finished.log.read_bytes()
    again = loop(finished.config, run, "--set", "evaluation.tasks=[]", "--set", "training.max_steps=3")
    assert again.returncode == 0, again.stderr
    assert finished.log.read_bytes() == asked
    assert json.loads((run / "model" / "training.json").read_text())["steps"] == 3


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
