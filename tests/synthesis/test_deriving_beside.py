"""Tables and dataset of a large run, made by several processes: the same files as by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import toy_config, write_questions

from regenesis.config import RunConfig
from regenesis.dataset import portions
from regenesis.runs import synthesize
from regenesis.runs.deriving import derive_dataset
from regenesis.synthesis import deriving_beside as module
from regenesis.synthesis.processes import WaitedFor

QUESTIONS = 12


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    return toy_config(write_questions(tmp_path, QUESTIONS))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What processes answered; any run counts as large, and two processes share its questions by threes."""
    received: list[Any] = []
    receive = WaitedFor.receive

    def noted(process: WaitedFor) -> Any:
        received.append(receive(process))
        return received[-1]

    monkeypatch.setattr(WaitedFor, "receive", noted)
    monkeypatch.setattr(module, "FEWEST_CHAINS", 1)
    monkeypatch.setattr(module, "QUESTIONS_A_PORTION", 3)
    monkeypatch.setattr(module, "cores", lambda: 2)
    return received


def files(run: Path) -> dict[str, bytes]:
    """All that is derived."""
    found = [*(run / "dataset").iterdir(), run / "paths.parquet", run / "verdicts.parquet"]
    return {one.name: one.read_bytes() for one in found}


@pytest.mark.parametrize("settings", [{}, {"dataset": {"max_rows": 7}}, {"thinking": "keep"}], ids=str)
async def test_files_are_those_of_one_process(
    settings: dict[str, Any], tmp_path: Path, answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = toy_config(write_questions(tmp_path, QUESTIONS), **settings)
    with monkeypatch.context() as small:
        small.setattr(module, "FEWEST_CHAINS", 10**9)
        first = await synthesize(config, tmp_path / "one", engine=PlayedEngine())
    assert answers == []
    report = await synthesize(config, tmp_path / "several", engine=PlayedEngine())
    assert len(answers) == QUESTIONS / 3
    assert files(tmp_path / "several") == files(tmp_path / "one")
    assert report.funnel == first.funnel


async def test_a_dataset_derived_anew_is_made_by_processes_too(
    config: RunConfig, tmp_path: Path, answers: list[Any]
) -> None:
    await synthesize(config, tmp_path / "run", engine=PlayedEngine())
    before, made = files(tmp_path / "run"), len(answers)
    derive_dataset(tmp_path / "run")
    assert len(answers) == 2 * made
    assert files(tmp_path / "run") == before


async def test_what_a_process_that_ended_did_not_make_is_made_here(
    config: RunConfig, tmp_path: Path, answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await synthesize(config, tmp_path / "whole", engine=PlayedEngine())
    answers.clear()
    receive = WaitedFor.receive

    def ends(process: WaitedFor) -> Any:
        if len(answers) == 1:
            raise EOFError
        return receive(process)

    monkeypatch.setattr(WaitedFor, "receive", ends)
    await synthesize(config, tmp_path / "run", engine=PlayedEngine())
    assert len(answers) == 1
    assert files(tmp_path / "run") == files(tmp_path / "whole")


async def test_a_damaged_outcome_is_derived_again(config: RunConfig, tmp_path: Path, answers: list[Any]) -> None:
    run = tmp_path / "run"
    await synthesize(config, run, engine=PlayedEngine())
    before = files(run)
    with closing(sqlite3.connect(run / "outcomes.sqlite")) as connection, connection:
        connection.execute("UPDATE outcomes SET record = x'00' WHERE rowid = 5")
    report = await synthesize(config, run, engine=PlayedEngine())
    assert (report.requests_sent, report.complete) == (0, True)
    assert files(run) == before


def test_portions_are_of_as_many_questions_here_as_there() -> None:
    assert module.QUESTIONS_A_PORTION == portions.QUESTIONS_A_PORTION


@pytest.fixture(autouse=True)
def _no_process_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    started: list[Any] = []
    start = module.waited_for.__wrapped__.__globals__["subprocess"].Popen  # type: ignore[attr-defined]

    class Noted(start):  # type: ignore[misc,valid-type]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr("regenesis.synthesis.processes.subprocess.Popen", Noted)
    yield
    assert all(process.returncode is not None for process in started)
