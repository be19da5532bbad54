from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from tests.fixtures.script import ACTIONS, Action
from tests.fixtures.scripted_server import ScriptedServer

from regenesis.config import Thinking
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.engines.openai.switch import ThinkingSwitch
from regenesis.types import Request

FIELD = "chat_template_kwargs"


def config(**stated: Any) -> OpenAIEngineConfig:
    return OpenAIEngineConfig(kind="openai", **({"base_url": "http://127.0.0.1:9/v1", "model": "scripted"} | stated))


@pytest.mark.parametrize(
    ("model", "thinking", "told"),
    [
        ("qwen3-8b", "off", {"enable_thinking": False, "thinking": False}),
        ("qwen3-8b", "on", {"enable_thinking": True, "thinking": True}),
        ("qwen3-8b", "keep", {"enable_thinking": True, "thinking": True}),
        ("openai/gpt-oss-20b", "off", {"enable_thinking": False, "thinking": False, "reasoning_effort": "low"}),
        ("openai/gpt-oss-20b", "on", {"enable_thinking": True, "thinking": True}),
    ],
)
def test_a_server_is_told_whether_its_model_thinks(model: str, thinking: Thinking, told: dict[str, Any]) -> None:
    assert ThinkingSwitch(config(model=model), thinking).fields() == {FIELD: told}


def test_what_the_config_says_itself_goes_before() -> None:
    own = {FIELD: {"enable_thinking": True, "other": 1}, "top_k": 40}
    fields = ThinkingSwitch(config(extra_body=own), "off").fields()
    assert fields == {FIELD: {"enable_thinking": True, "thinking": False, "other": 1}, "top_k": 40}


def test_the_identity_of_a_model_that_is_kept_from_thinking_is_that_of_one_that_cannot_think() -> None:
    assert config().make().model == "scripted"
    assert config().make("on").model == config().make("keep").model != "scripted"


STRICT = [
    "Unrecognized request argument supplied: chat_template_kwargs",
    "property 'chat_template_kwargs' is unsupported",
    '[{"type": "extra_forbidden", "loc": ["body", "chat_template_kwargs"], "msg": "Extra inputs are not permitted"}]',
    "Extra inputs are not permitted",
    "Unknown field in the request",
]


@pytest.mark.parametrize("words", STRICT)
async def test_a_server_that_does_not_take_the_switch_is_asked_without_it(
    words: str, request_for: Callable[..., Request], caplog: pytest.LogCaptureFixture
) -> None:
    def strict(index: int, body: Any) -> Action:
        return Action(status=400, words=words) if FIELD in body else ACTIONS["answer"]

    caplog.set_level(logging.WARNING, "regenesis")
    async with ScriptedServer(strict) as server:
        engine = config(base_url=server.base_url).make()
        await engine.open()
        completions = [await engine.complete(request_for(seed=seed)) for seed in range(3)]
        await engine.close()
    assert [completion.finish_reason for completion in completions] == ["stop"] * 3
    assert [FIELD in body for body in server.requests] == [True, False, False, False]
    assert caplog.text.count("`thinking: off` cannot be passed on") == 1


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 4096 tokens.",
        "Extra inputs are not permitted: seed",
        '[{"type": "extra_forbidden", "loc": ["body", "top_p"], "msg": "Extra inputs are not permitted"}]',
    ],
)
def test_a_refusal_of_something_else_says_nothing_of_the_switch(words: str) -> None:
    switch = ThinkingSwitch(config(), "off")
    fields = {"messages": [], "seed": 1, "top_p": 1.0, **switch.fields()}
    assert not switch.gives_way(fields, words)
    assert FIELD in fields
    assert not switch.refused


def test_a_request_that_went_without_the_switch_is_not_refused_for_it() -> None:
    switch = ThinkingSwitch(config(), "off")
    fields = dict(switch.fields())
    assert switch.gives_way(fields, "unknown field chat_template_kwargs")
    assert fields == {}
    assert not switch.gives_way(fields, "unknown field chat_template_kwargs")


def test_null_in_the_config_leaves_the_switch_out() -> None:
    assert ThinkingSwitch(config(extra_body={FIELD: None}), "off").fields() == {FIELD: None}
