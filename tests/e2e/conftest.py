"""Runs over real HTTP: a reference run that nothing disturbed, and the command line as a process of its own."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fixtures.script import digest
from tests.fixtures.scripted_server import server_process
from tests.helpers.forked import Command
from tests.helpers.runs import toy_config, toy_mapping, train_bytes, write_questions

from regenesis.ledger import Ledger
from regenesis.runs import synthesize

QUESTIONS = 20
CommandLine = Callable[..., AbstractContextManager[Command]]


@dataclass(frozen=True)
class Reference:
    """An uninterrupted run without a fault: its questions, its dataset, and how much it asked."""

    file: Path
    train: bytes
    requests: int


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    folder = tmp_path_factory.mktemp("reference")
    file = write_questions(folder, QUESTIONS)
    with server_process("--play", "arithmetic") as url:
        report = asyncio.run(synthesize(toy_config(file, url), folder / "run"))
    assert report.complete
    assert report.kept > QUESTIONS / 2
    return Reference(file, train_bytes(folder / "run"), report.requests_sent)


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def command_line(tmp_path: Path) -> CommandLine:
    """Starts `regenesis synthesize` on a config as a process of its own; it is ended with the block."""

    @contextmanager
    def start(run: Path, mapping: dict[str, Any]) -> Any:
        config = tmp_path / "config.yaml"
        config.write_text(yaml.safe_dump(mapping))
        command = Command("synthesize", config, "--run-dir", run, surroundings=os.environ | {"COLUMNS": "200"})
        try:
            yield command
        finally:
            command.kill()
            command.wait()

    return start


def wait_for_lines(log: Path, count: int, command: Command) -> bool:
    """Waits until a log holds so many lines; false if the command ended before."""
    while command.poll() is None:
        if log.exists() and log.read_bytes().count(b"\n") >= count:
            return True
        time.sleep(0.005)
    return False


def recorded(run: Path) -> set[bytes]:
    """What the ledger holds, named as the server names requests: by messages and seed."""
    if not (run / "ledger.sqlite").exists():
        return set()
    with Ledger.read(run / "ledger.sqlite") as ledger:
        return {digest(ledger.request(key) or {}) for key in ledger.keys()}  # noqa: SIM118


__all__ = ["CommandLine", "Reference", "recorded", "toy_mapping", "wait_for_lines"]
