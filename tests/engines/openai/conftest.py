"""Requests and engines that the tests of the `openai` engine share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from regenesis.engines.openai import OpenAIEngine
from regenesis.engines.openai.config import OpenAIEngineConfig, RetryConfig
from regenesis.types import Message, Request, Sampling

QUICK = {"attempts": 4, "first_wait": 0.01, "longest_wait": 0.05, "circuit_after": 20}


@pytest.fixture
def request_for() -> Callable[..., Request]:
    """Makes a request; another seed makes it another one."""

    def make(seed: int = 0, *, text: str = "How many?", question_id: str = "task/train/0") -> Request:
        messages = (Message("system", "Be brief."), Message("user", text))
        return Request("scripted", messages, Sampling(0.8, 0.95, 64), seed, 0, question_id, "solve")

    return make


@pytest.fixture
def engine_config(monkeypatch: pytest.MonkeyPatch) -> Callable[..., OpenAIEngineConfig]:
    """Makes a config with short waits and no key in the environment; `retry` states what differs from `QUICK`."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def make(urls: str | Sequence[str], *, retry: dict[str, Any] | None = None, **fields: Any) -> OpenAIEngineConfig:
        base_url = urls if isinstance(urls, str) else list(urls)
        stated = {"model": "scripted", "retry": RetryConfig(**(QUICK | (retry or {})))} | fields
        return OpenAIEngineConfig(kind="openai", base_url=base_url, **stated)

    return make


@pytest.fixture
def opened(
    engine_config: Callable[..., OpenAIEngineConfig],
) -> Callable[..., AbstractAsyncContextManager[OpenAIEngine]]:
    """An engine made as `engine_config` says, opened, and closed afterwards."""

    @asynccontextmanager
    async def open_engine(urls: str | Sequence[str], **fields: Any) -> AsyncIterator[OpenAIEngine]:
        engine = OpenAIEngine(engine_config(urls, **fields))
        await engine.open()
        try:
            yield engine
        finally:
            await engine.close()

    return open_engine
