"""The engine against llama.cpp's own HTTP server and a real, tiny model."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from regenesis.engines.openai import OpenAIEngine
from regenesis.models import locate
from regenesis.types import Request, Sampling

Opened = Callable[..., AbstractAsyncContextManager[OpenAIEngine]]
RequestFor = Callable[..., Request]

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def llama_url() -> Iterator[str]:
    import xllamacpp

    model = os.environ.get("REGENESIS_TEST_MODEL")
    params = xllamacpp.CommonParams()
    params.model.path = str(Path(model) if model else locate("pypi:smollm2-135m-instruct"))
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 1024
    params.n_parallel = 2
    params.warmup = False
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture(scope="module")
def model_name(llama_url: str) -> str:
    with urllib.request.urlopen(f"{llama_url}/models") as response:
        return str(json.load(response)["data"][0]["id"])


async def test_equal_seeds_give_equal_text(
    llama_url: str, model_name: str, opened: Opened, request_for: RequestFor
) -> None:
    async with opened(llama_url, model=model_name, max_in_flight=2) as engine:
        greeting = replace(request_for(1, text="Say hello to Ann."), sampling=Sampling(0.8, 0.95, 12))
        completions = await asyncio.gather(engine.complete(greeting), engine.complete(greeting))
        assert engine.statistics.usage_estimated == 0
    assert completions[0].text.strip()
    assert completions[0].text == completions[1].text
    assert 0 < completions[0].completion_tokens <= 12
    assert completions[0].prompt_tokens > 5


async def test_a_cut_completion_says_so(
    llama_url: str, model_name: str, opened: Opened, request_for: RequestFor
) -> None:
    async with opened(llama_url, model=model_name) as engine:
        story = replace(request_for(text="Tell me a long story."), sampling=Sampling(0.0, 1.0, 4))
        completion = await engine.complete(story)
    assert (completion.finish_reason, completion.completion_tokens) == ("length", 4)


async def test_a_prompt_over_the_context_is_refused_in_the_servers_words(
    llama_url: str, model_name: str, opened: Opened, request_for: RequestFor
) -> None:
    async with opened(llama_url, model=model_name) as engine:
        completion = await engine.complete(request_for(text="word " * 3000))
    assert completion.finish_reason == "refused"
    assert "context size" in (completion.error or "")


async def test_a_model_that_it_does_not_list_is_named(
    llama_url: str, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(llama_url, model="another"):
        assert "engine.model is 'another'" in caplog.text
