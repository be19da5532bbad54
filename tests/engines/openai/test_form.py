from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.played import request

from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.engines.openai.form import Form
from regenesis.engines.openai.switch import ThinkingSwitch
from regenesis.types import Message

TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)


def form(**stated: Any) -> Form:
    config = OpenAIEngineConfig(kind="openai", base_url="http://127.0.0.1:9/v1", model="scripted", **stated)
    return Form(config, ThinkingSwitch(config, "off"))


@given(st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), TEXTS), max_size=4))
def test_a_body_is_the_json_of_its_fields(messages: list[Message]) -> None:
    made = form(extra_body={"top_k": 40, "stop": ["\ud800é"]})
    fields = made.fields(request(messages=messages))
    chat = [{"role": message.role, "content": message.content} for message in messages]
    assert json.loads(made.body(fields)) == json.loads(json.dumps({**fields, "messages": chat}))


def test_what_was_adapted_to_the_server_is_in_the_body() -> None:
    made = form()
    fields = made.fields(request())
    assert made.adapt(fields, "Stream must be set to true")
    assert json.loads(made.body(fields))["stream"] is True
