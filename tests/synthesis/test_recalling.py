"""A large run judged anew from its ledger by several processes: the same dataset, nothing asked, nothing lost."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PlayedEngine, play
from tests.helpers.runs import toy_config, train_bytes, write_questions

from regenesis.config import RunConfig
from regenesis.runs import Progress, synthesize
from regenesis.synthesis import recalling, stage
from regenesis.types import Request


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    return toy_config(write_questions(tmp_path, 12))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Processes that were started; any run counts as large, and its questions come in small shares."""
    processes: list[Any] = []
    start = asyncio.create_subprocess_exec

    async def start_noted(*arguments: Any, **options: Any) -> Any:
        processes.append(await start(*arguments, **options))
        return processes[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_noted)
    monkeypatch.setattr(stage, "LEAST", 1)
    monkeypatch.setattr(recalling, "_TRIED_FIRST", 2)
    monkeypatch.setattr(recalling, "_CHUNK", 3)
    monkeypatch.setattr(recalling, "_processes", lambda: 2)
    return processes


def forget_outcomes(run: Path) -> None:
    for file in run.glob("outcomes.sqlite*"):
        file.unlink()


async def test_a_finished_run_is_judged_anew_without_its_engine(
    config: RunConfig, tmp_path: Path, started: list[Any]
) -> None:
    run = tmp_path / "run"
    first = await synthesize(config, run, engine=PlayedEngine())
    before, engine, progress = train_bytes(run), PlayedEngine(), Progress()
    forget_outcomes(run)
    again = await synthesize(config, run, engine=engine, progress=progress)
    assert len(started) == 2
    assert (engine.opened, again.requests_sent, again.requests_recalled) == (0, 0, first.requests_sent)
    assert train_bytes(run) == before
    assert again.funnel == first.funnel
    assert (progress.finished, progress.kept, progress.recalled_questions) == (12, first.kept, 12)


async def test_what_was_not_finished_is_asked(config: RunConfig, tmp_path: Path, started: list[Any]) -> None:
    whole, run = tmp_path / "whole", tmp_path / "run"
    await synthesize(config, whole, engine=PlayedEngine())
    stopped = await synthesize(
        config.model_copy(update={"budget": config.budget.model_copy(update={"requests": 120})}),
        run,
        engine=PlayedEngine(),
    )
    assert 2 < stopped.finished < 12
    forget_outcomes(run)
    engine = PlayedEngine()
    report = await synthesize(config, run, engine=engine)
    assert report.complete
    assert engine.opened == 1
    assert train_bytes(run) == train_bytes(whole)


async def test_a_run_that_only_goes_on_starts_no_process(config: RunConfig, tmp_path: Path, started: list[Any]) -> None:
    few = config.model_copy(update={"budget": config.budget.model_copy(update={"requests": 60})})
    await synthesize(few, tmp_path / "run", engine=PlayedEngine())
    report = await synthesize(config, tmp_path / "run", engine=PlayedEngine())
    assert report.complete
    assert started == []


async def test_a_process_that_dies_costs_nothing_but_time(
    config: RunConfig, tmp_path: Path, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    await synthesize(config, run, engine=PlayedEngine())
    before = train_bytes(run)
    forget_outcomes(run)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    engine = PlayedEngine()
    report = await synthesize(config, run, engine=engine)
    assert len(started) == 2
    assert (report.complete, report.requests_sent) == (True, 0)
    assert train_bytes(run) == before


async def test_a_damaged_record_is_asked_again(config: RunConfig, tmp_path: Path, started: list[Any]) -> None:
    import sqlite3

    run = tmp_path / "run"
    await synthesize(config, run, engine=PlayedEngine())
    before = train_bytes(run)
    forget_outcomes(run)
    with sqlite3.connect(run / "ledger.sqlite") as connection:
        connection.execute("UPDATE completions SET text = 'other' WHERE rowid = (SELECT max(rowid) FROM completions)")
    connection.close()
    report = await synthesize(config, run, engine=PlayedEngine())
    assert (report.requests_sent, report.damaged) == (1, 1)
    assert train_bytes(run) == before


async def test_paths_that_repeat_the_answering_prompt_are_unfit_there_too(
    config: RunConfig, tmp_path: Path, started: list[Any]
) -> None:
    def answer(request: Request) -> str:
        said = "And then the letter of the right option is written down for her.\n"
        return (said if request.stage == "solve" and request.seed % 2 else "") + play(request)

    run = tmp_path / "run"
    first = await synthesize(config, run, engine=PlayedEngine(answer))
    assert first.funnel.defects["leak"]
    before = train_bytes(run)
    forget_outcomes(run)
    again = await synthesize(config, run, engine=PlayedEngine(answer))
    assert started
    assert (again.funnel, train_bytes(run)) == (first.funnel, before)
