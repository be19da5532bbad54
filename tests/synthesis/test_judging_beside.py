"""Paths are judged alike here and in a process beside the run, whatever becomes of that process."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import toy_config, train_bytes, write_questions

from regenesis.config import RunConfig
from regenesis.runs import synthesize
from regenesis.synthesis import judging_beside as module
from regenesis.synthesis.inputs import method_of
from regenesis.synthesis.judging import PathJudge
from regenesis.synthesis.judging_beside import JudgingBeside, judging_beside
from regenesis.types import GradedPath, Question, ReasoningPath

RIGHT = "1. Each box holds 6 pens.\n2. So 7 boxes hold 7 * 6 = 42 pens.\n\nThe final answer is \\boxed{42}."
TEXTS = [
    RIGHT,
    RIGHT.replace("42", "41"),
    "1. Each box holds 6 pens.\n2. Each box holds 6 pens.\n" * 40,
    "I cannot tell.",
    "",
    "\ud800 \\boxed{42}",
]


def question(kind: Any = "number") -> Question:
    return Question("pens/0", "pens", "How many pens are there in 7 boxes of 6?", "42", kind)


def path(text: str, defect: str | None = None) -> ReasoningPath:
    return ReasoningPath("pens/0", "regenesis", "g", False, (("solve", "k", text),), text, 40, defect=defect)


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    return toy_config(write_questions(tmp_path, 12))


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Processes that were started; one is worth it from the second path on."""
    started: list[Any] = []
    start = asyncio.create_subprocess_exec

    async def start_noted(*arguments: Any, **options: Any) -> Any:
        started.append(await start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_noted)
    monkeypatch.setattr(module, "_FEWEST", 2)
    monkeypatch.setattr(module, "_SHARE", 0.0)
    monkeypatch.setattr(module, "cores", lambda: 2)
    return started


@pytest.fixture
def judge_of(config: RunConfig) -> Callable[..., PathJudge]:
    method = method_of(config.method, config.answering)
    return lambda on_fit=None: PathJudge.of(config.curation, method, on_fit)


@asynccontextmanager
async def with_a_process(config: RunConfig, judge: PathJudge) -> AsyncIterator[JudgingBeside]:
    async with judging_beside(config, judge) as judging:
        for _ in range(2):
            await judging.judge(path(RIGHT), question())
        for _ in range(6_000):
            if judging._process is not None:
                break
            await asyncio.sleep(0.01)
        assert judging._process is not None
        yield judging


async def test_a_process_judges_as_this_one_does(
    config: RunConfig, judge_of: Callable[..., PathJudge], processes: list[Any]
) -> None:
    fit: list[GradedPath] = []
    here = judge_of()
    async with with_a_process(config, judge_of(lambda question, judged: fit.append(judged))) as judging:
        fit.clear()
        beside = await asyncio.gather(*(judging.judge(path(text), question()) for text in TEXTS))
        assert judging._count == len(TEXTS)
    assert len(processes) == 1
    assert beside == [await here.judge(path(text), question()) for text in TEXTS]
    assert [one.path.text for one in fit] == [RIGHT]
    assert processes[0].returncode is not None


async def test_broken_chains_and_what_waits_for_workers_are_judged_here(
    config: RunConfig, judge_of: Callable[..., PathJudge], processes: list[Any]
) -> None:
    async with with_a_process(config, judge_of()) as judging:
        assert (await judging.judge(path("", "empty_adapt"), question())).defect == "empty_adapt"
        assert (await judging.judge(path(RIGHT), question("math"))).verdict.correct
        assert judging._count == 0


async def test_paths_of_a_process_that_ends_are_judged_here(
    config: RunConfig, judge_of: Callable[..., PathJudge], processes: list[Any]
) -> None:
    async with with_a_process(config, judge_of()) as judging:
        os.kill(processes[0].pid, signal.SIGSTOP)
        asked = [asyncio.ensure_future(judging.judge(path(text), question())) for text in TEXTS]
        await asyncio.sleep(0)
        assert judging._waiting
        os.kill(processes[0].pid, signal.SIGKILL)
        judged = await asyncio.gather(*asked)
        assert judging._process is None
        again = [await judging.judge(path(text), question()) for text in TEXTS]
    assert judged == again == [await judge_of().judge(path(text), question()) for text in TEXTS]
    assert len(processes) == 1


async def test_paths_beyond_what_a_process_can_take_are_judged_here(
    config: RunConfig, judge_of: Callable[..., PathJudge], processes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    async with with_a_process(config, judge_of()) as judging:
        judged = await asyncio.gather(*(judging.judge(path(RIGHT), question()) for _ in range(8)))
        assert judging._count == 3
    assert all(one.keepable for one in judged)


async def test_a_slow_engine_needs_no_process(
    config: RunConfig, judge_of: Callable[..., PathJudge], processes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SHARE", 1e9)
    async with judging_beside(config, judge_of()) as judging:
        for _ in range(9):
            await judging.judge(path(RIGHT), question())
    assert not processes


async def test_a_run_comes_to_the_same_dataset(
    config: RunConfig, processes: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await synthesize(config, tmp_path / "beside", engine=PlayedEngine())
    assert len(processes) == 1
    monkeypatch.setattr(module, "_FEWEST", 10**9)
    await synthesize(config, tmp_path / "here", engine=PlayedEngine())
    assert len(processes) == 1
    assert train_bytes(tmp_path / "beside") == train_bytes(tmp_path / "here")
