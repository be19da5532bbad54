"""What the engine finds out before anything is spent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from tests.fixtures.scripted_server import ScriptedServer

from regenesis.engines.openai import OpenAIEngine
from regenesis.errors import EngineError
from regenesis.types import Request

Opened = Callable[..., AbstractAsyncContextManager[OpenAIEngine]]


async def test_a_server_that_lists_the_model_is_accepted(opened: Opened) -> None:
    async with ScriptedServer(models=["other", "scripted"]) as server, opened(server.base_url) as engine:
        assert (engine.kind, engine.model, engine.capacity) == ("openai", "scripted", 64)


@pytest.mark.parametrize("models", [None, [], ["scripted:latest"]], ids=["404", "empty list", "Ollama's tag"])
async def test_a_server_that_lists_no_names_to_go_by_is_accepted(models: list[str] | None, opened: Opened) -> None:
    async with ScriptedServer(models=models) as server, opened(server.base_url):
        pass


async def test_a_url_without_its_path_is_told_where_most_servers_are(
    opened: Opened, request_for: Callable[..., Request], caplog: pytest.LogCaptureFixture
) -> None:
    async with ScriptedServer() as server:
        bare = server.base_url.removesuffix("/v1")
        async with opened(bare) as engine:
            with pytest.raises(EngineError, match=rf"answered 404 .* try {server.base_url}\.$"):
                await engine.complete(request_for())
    assert f"try {server.base_url}." in caplog.text


async def test_a_model_that_is_not_listed_is_told_with_the_nearest_name_and_tried(
    opened: Opened, request_for: Callable[..., Request], caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        ScriptedServer(models=["gpt", "scripted-v2", *(f"m{index}" for index in range(20))]) as server,
        opened(server.base_url) as engine,
    ):
        assert (await engine.complete(request_for())).text
    assert "Did you mean 'scripted-v2'?" in caplog.text
    assert "gpt, scripted-v2, m0, m1, m2 and 17 more" in caplog.text


async def test_a_model_that_the_first_request_finds_unknown_is_told_with_the_nearest_name(
    opened: Opened, request_for: Callable[..., Request]
) -> None:
    async with ScriptedServer(["404"], models=["scripted-v2"]) as server, opened(server.base_url) as engine:
        with pytest.raises(EngineError, match=r"answered 404 .*Did you mean 'scripted-v2'\?"):
            await engine.complete(request_for())


async def test_a_gateway_that_lists_a_wildcard_raises_no_doubt(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    async with ScriptedServer(models=["*"]) as server, opened(server.base_url):
        pass
    assert not caplog.text


@pytest.mark.parametrize(("key", "says"), [(None, "WANTED_KEY is not set"), ("sk-wrong-one", "key in the environment")])
async def test_a_wrong_key_is_told_by_the_name_of_its_variable(
    key: str | None, says: str, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANTED_KEY", raising=False)
    if key:
        monkeypatch.setenv("WANTED_KEY", key)
    async with ScriptedServer(key="sk-right-one") as server:
        with pytest.raises(EngineError, match="WANTED_KEY") as raised:
            async with opened(server.base_url, api_key_env="WANTED_KEY"):
                pass
    assert says in str(raised.value)
    assert "sk-wrong" not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_nobody_there_is_told_with_what_was_tried(opened: Opened) -> None:
    server = ScriptedServer()
    await server.start()
    await server.stop()
    with pytest.raises(EngineError) as raised:
        async with opened(server.base_url):
            pass
    assert f"GET {server.base_url}/models: cannot connect" in str(raised.value)
    assert "Start one" in str(raised.value)


async def test_one_of_two_servers_is_enough_and_the_other_is_named_and_tried_later(
    opened: Opened, request_for: Callable[..., Request], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    late = ScriptedServer()
    await late.start()
    await late.stop()
    async with ScriptedServer() as server, opened([late.base_url, server.base_url]) as engine:
        assert late.base_url in caplog.text
        await late.start()
        for number in range(1000):
            await engine.complete(request_for(number, question_id=f"q{number}"))
            if late.requests:
                break
        await late.stop()
    assert late.requests


async def test_an_engine_that_could_not_open_leaves_nothing_open(opened: Opened) -> None:
    async with ScriptedServer(key="sk-right-one") as server:
        with pytest.raises(EngineError):
            async with opened(server.base_url):
                pass
        for _ in range(10_000):
            if not server._open:  # it learns of it a moment later
                break
            await asyncio.sleep(0.001)
        assert not server._open
