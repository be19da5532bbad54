"""What every engine inside this process does alike, as a class of tests that each engine's module takes over.

class TestEmbedded(EmbeddedEngine): ...    # beside a fixture `engine`, opened, with four places in flight
"""

from __future__ import annotations

import asyncio

import pytest

from regenesis.engines import Engine
from regenesis.types import Message, Request, Sampling

SMALL = "pypi:smollm2-135m-instruct"
STORY = "Write a very long story about a dragon and a knight."


def ask(
    text: str, *, seed: int = 1, tokens: int = 24, temperature: float = 0.8, top_p: float = 0.95, system: str = ""
) -> Request:
    messages = (*([Message("system", system)] if system else []), Message("user", text))
    return Request("m", messages, Sampling(temperature, top_p, tokens), seed, 0, "task/train/0", "solve")


class EmbeddedEngine:
    async def test_max_tokens_cuts_and_is_counted(self, engine: Engine) -> None:
        completion = await engine.complete(ask(STORY, tokens=7))
        assert (completion.finish_reason, completion.completion_tokens) == ("length", 7)

    async def test_a_prompt_beyond_the_context_is_refused(self, engine: Engine) -> None:
        completion = await engine.complete(ask("word " * 1000))
        assert (completion.finish_reason, completion.text) == ("refused", "")
        assert "context" in (completion.error or "")

    async def test_text_that_is_no_unicode_is_refused(self, engine: Engine) -> None:
        completion = await engine.complete(ask("half a surrogate: \ud800"))
        assert completion.finish_reason == "refused"
        assert "surrogate" in (completion.error or "")

    @pytest.mark.parametrize(
        "text", ["", "\x00", "<|im_end|>", "😀 ünïcode ﷽", '{"a": [1, "\\u0000"]}', "{{ messages }}"]
    )
    async def test_odd_prompts_are_answered(self, engine: Engine, text: str) -> None:
        assert (await engine.complete(ask(text, tokens=4))).finish_reason in ("stop", "length")

    async def test_other_seeds_give_other_texts(self, engine: Engine) -> None:
        completions = await asyncio.gather(*(engine.complete(ask(STORY, seed=seed)) for seed in range(8)))
        assert len({completion.text for completion in completions}) == 8

    async def test_temperature_zero_is_greedy_whatever_the_seed(self, engine: Engine) -> None:
        texts = {(await engine.complete(ask(STORY, seed=seed, temperature=0, tokens=12))).text for seed in range(3)}
        assert len(texts) == 1

    async def test_a_tiny_nucleus_is_greedy_at_any_temperature(self, engine: Engine) -> None:
        greedy = await engine.complete(ask(STORY, temperature=0, tokens=12))
        narrow = await engine.complete(ask(STORY, temperature=1.0, top_p=1e-6, tokens=12))
        assert narrow.text == greedy.text

    async def test_the_system_message_reaches_the_model(self, engine: Engine) -> None:
        with_system = await engine.complete(ask("Hello", system="word " * 50, tokens=1))
        without = await engine.complete(ask("Hello", tokens=1))
        assert with_system.prompt_tokens > without.prompt_tokens + 20

    async def test_more_requests_than_places_are_all_answered(self, engine: Engine) -> None:
        completions = await asyncio.gather(*(engine.complete(ask(STORY, seed=seed, tokens=4)) for seed in range(19)))
        assert [completion.completion_tokens for completion in completions] == [4] * 19

    async def test_tokens_count_while_a_reply_is_written(self, engine: Engine) -> None:
        task = asyncio.create_task(engine.complete(ask(STORY, tokens=150)))
        counted = 0
        while not (counted or task.done()):
            await asyncio.sleep(0.001)
            counted = getattr(engine, "tokens_under_way")  # noqa: B009 - not every engine has it
        await task
        assert 0 < counted <= 150
