"""`regenesis push`: it lists, asks, and uploads only when told to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.running import in_terminal, regenesis
from tests.fixtures.fake_hub import TOKEN, FakeHub, fake_hub


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub() as hub:
        yield hub


@pytest.fixture
def environment(hub: FakeHub, tmp_path: Path) -> dict[str, str]:
    return {
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_OFFLINE": "0",
        "no_proxy": "127.0.0.1",
        "NO_PROXY": "127.0.0.1",
    }


@pytest.fixture
def run(tmp_path: Path) -> Path:
    model = tmp_path / "run" / "model"
    model.mkdir(parents=True)
    (model / "model.safetensors").write_bytes(b"x" * 1234567)
    (model / "optimizer.pt").write_text("not for the hub")
    (model / "training.json").write_text(json.dumps({"base": "hf:org/base"}))
    return tmp_path


def test_what_goes_is_listed_with_its_size_and_uploaded(run: Path, hub: FakeHub, environment: dict[str, str]) -> None:
    outcome = regenesis("push", "run", "--to", "org/name", "--yes", cwd=run, **environment)
    assert outcome.returncode == 0, outcome.stderr
    assert re.search(r"model\.safetensors +1,234,567", outcome.stdout)
    assert "Not uploaded: optimizer.pt" in outcome.stdout
    assert f"Uploaded: {hub.url}/org/name" in outcome.stdout
    assert [sorted(files) for _, files in hub.commits] == [["README.md", "model.safetensors", "training.json"]]
    assert TOKEN not in outcome.stdout + outcome.stderr


def test_a_dry_run_asks_the_hub_nothing(run: Path, hub: FakeHub, environment: dict[str, str]) -> None:
    outcome = regenesis("push", "run", "--to", "org/name", "--dry-run", cwd=run, **environment)
    assert outcome.returncode == 0
    assert "model.safetensors" in outcome.stdout
    assert hub.asked == []


def test_without_a_terminal_nothing_goes_unless_told_to(run: Path, hub: FakeHub, environment: dict[str, str]) -> None:
    outcome = regenesis("push", "run", "--to", "org/name", cwd=run, **environment)
    assert outcome.returncode == 1
    assert "--yes" in outcome.stderr
    assert hub.asked == []


@pytest.mark.parametrize(("typed", "code", "commits"), [(b"n\n", 1, 0), (b"y\n", 0, 1)])
def test_at_a_terminal_it_asks(
    run: Path,
    hub: FakeHub,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    typed: bytes,
    code: int,
    commits: int,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found, shown = in_terminal(
        *("push", "run", "--to", "org/name"), cwd=run, react=lambda text: typed if "Upload?" in text else None
    )
    assert found == code, shown
    assert len(hub.commits) == commits


def test_nothing_to_push_is_told(run: Path, environment: dict[str, str]) -> None:
    outcome = regenesis("push", "run", "--to", "org/name", "--what", "dataset", cwd=run, **environment)
    assert outcome.returncode == 1
    assert "regenesis synthesize" in outcome.stderr
    assert "Traceback" not in outcome.stderr
