"""How the engine meets "too many requests"."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from tests.fixtures.script import Action, rate_limited
from tests.fixtures.scripted_server import ScriptedServer

from regenesis.engines.openai import OpenAIEngine
from regenesis.errors import EngineError
from regenesis.types import Request

Opened = Callable[..., AbstractAsyncContextManager[OpenAIEngine]]
RequestFor = Callable[..., Request]


async def test_retry_after_is_waited_for_by_everyone(opened: Opened, request_for: RequestFor) -> None:
    turned_away_at: list[float] = []

    def faults(index: int, body: Any) -> Action | None:
        if index == 0:
            turned_away_at.append(asyncio.get_running_loop().time())
            return rate_limited("1")
        return None

    retry = {"attempts": 1, "longest_wait": 1.0}
    async with ScriptedServer(faults) as server, opened(server.base_url, max_in_flight=1, retry=retry) as engine:
        await asyncio.gather(*map(engine.complete, map(request_for, range(3))))
        assert engine.statistics.rate_limited == 1
        assert engine.statistics.failures == 0
    assert len(server.requests) == 4
    assert min(server.arrivals[1:]) >= turned_away_at[0] + 1


async def test_waiting_for_one_url_holds_nobody_back_from_another(opened: Opened, request_for: RequestFor) -> None:
    # an hour, within the bound of ten times longest_wait: the test ends only if the other URL serves all
    busy, free = ScriptedServer(lambda index, body: rate_limited("3600")), ScriptedServer()
    fields = {"max_in_flight": 8, "retry": {"longest_wait": 400}}
    async with busy, free, opened([busy.base_url, free.base_url], **fields) as engine:
        questions = [request_for(seed, question_id=f"q{seed}") for seed in range(40)]
        completions = await asyncio.gather(*map(engine.complete, questions))
    assert len(completions) == len(free.requests) == 40
    assert 1 <= len(busy.requests) <= 4


async def test_429_uses_up_no_attempts(opened: Opened, request_for: RequestFor) -> None:
    plan = ["429"] * 6 + [rate_limited("0")] * 6
    async with ScriptedServer(plan) as server, opened(server.base_url, retry={"attempts": 1}) as engine:
        assert (await engine.complete(request_for())).finish_reason == "stop"
        assert engine.statistics.rate_limited == 12


async def test_429_lowers_the_limit_and_answers_raise_it(opened: Opened, request_for: RequestFor) -> None:
    async with ScriptedServer({0: "429"}) as server, opened(server.base_url, max_in_flight=16) as engine:
        await asyncio.gather(*map(engine.complete, map(request_for, range(16))))
        lowered = engine.statistics.limit
        await asyncio.gather(*map(engine.complete, map(request_for, range(300))))
        assert lowered < 16
        assert engine.statistics.limit == 16


async def test_a_hostile_retry_after_ends_in_a_message(opened: Opened, request_for: RequestFor) -> None:
    async with (
        ScriptedServer(lambda index, body: rate_limited("99999999")) as server,
        opened(server.base_url) as engine,
    ):
        with pytest.raises(EngineError, match="asks to wait 99999999 s"):
            await engine.complete(request_for())


@pytest.mark.parametrize("step", ["429", rate_limited("0")], ids=["without Retry-After", "with Retry-After"])
async def test_endless_429_ends_in_a_message(step: Any, opened: Opened, request_for: RequestFor) -> None:
    retry = {"longest_wait": 0.02}
    async with ScriptedServer(lambda index, body: step) as server, opened(server.base_url, retry=retry) as engine:
        with pytest.raises(EngineError, match='nothing but "too many requests"'):
            await engine.complete(request_for())


async def test_503_with_retry_after_is_no_failure(opened: Opened, request_for: RequestFor) -> None:
    loading = Action(status=503, headers={"Retry-After": "0"})
    async with ScriptedServer([loading]) as server, opened(server.base_url, retry={"attempts": 1}) as engine:
        assert (await engine.complete(request_for())).finish_reason == "stop"
        assert engine.statistics.failures == 0
