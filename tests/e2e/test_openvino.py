"""Runs on OpenVINO that are killed and interrupted, with tiny random weights: nothing that they draw makes sense."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import CommandLine, recorded
from tests.helpers.runs import write_questions
from tests.helpers.tiny_models import write_tiny_gguf

pytest.importorskip("openvino_genai")

from regenesis.ledger import Ledger
from regenesis.models import cache_folder

pytestmark = [pytest.mark.model]


@pytest.fixture
def mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    model = write_tiny_gguf(tmp_path / "tiny.gguf", "qwen2")
    # what is made of the tiny model is not left in the user's cache, and tokenizers that are there are not made again
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in ("models", "tokenizers"):
        (cache_folder() / name).mkdir(parents=True, exist_ok=True)
        (cache / name).symlink_to(cache_folder() / name)
    monkeypatch.setenv("REGENESIS_CACHE", str(cache))
    return {
        "tasks": [{"name": "toy", "file": str(write_questions(tmp_path, 4)), "kind": "number"}],
        "engine": {"kind": "auto", "model": str(model), "max_in_flight": 3, "context": 1024, "threads": 1},
        "method": {
            "guidelines": 2,
            "selections": 1,
            "stages": ["adapt", "structure", "solve"],
            "adapt_tokens": 24,
            "structure_tokens": 32,
            "sampling": {"max_tokens": 64},
            "hint": {"guidelines": 1},
        },
    }


def texts(run: Path) -> dict[str, tuple[str, str]]:
    """Every recorded completion: the kind of its engine, and its text."""
    with Ledger.read(run / "ledger.sqlite") as ledger:
        found = {key: ledger.get(key) for key in ledger.keys()}  # noqa: SIM118
    return {key: (one.engine, one.text) for key, one in found.items() if one is not None}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_run_that_was_cut_goes_on_by_the_same_engine_and_asks_nothing_again(
    how: signal.Signals, tmp_path: Path, mapping: dict[str, Any], command_line: CommandLine
) -> None:
    run = tmp_path / "run"
    with command_line(run, mapping) as process:
        while process.poll() is None and len(recorded(run)) < 6:
            time.sleep(0.05)
        process.send_signal(how)
        process.wait()
    before = texts(run)
    assert len(before) >= 6
    with command_line(run, mapping) as process:
        printed, complaints = process.communicate(timeout=240)
        assert process.returncode == 4, complaints  # random weights answer nothing
    after = texts(run)
    assert before.items() < after.items()
    assert {kind for kind, _ in after.values()} == {"openvino"}
    assert "No paths were kept" in printed
