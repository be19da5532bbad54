from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.engines.openai.bodies import BrokenReply
from regenesis.engines.openai.complaints import error_words
from regenesis.engines.openai.finishes import Withheld
from regenesis.engines.openai.replies import ErrorInReply, listed_models, read_reply


def body(content: Any = "four", finish: Any = "stop", **fields: Any) -> bytes:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": finish}
    return json.dumps({"choices": [choice], **fields}).encode()


def usage(completion: Any, prompt: Any = 10) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": prompt, "completion_tokens": completion}}


def test_a_sound_reply_is_read_as_it_stands() -> None:
    reply = read_reply(body("four apples", **usage(3)))
    assert (reply.text, reply.finish_reason, reply.prompt_tokens, reply.completion_tokens) == (
        "four apples",
        "stop",
        10,
        3,
    )
    assert not reply.usage_estimated


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        ("", ""),
        ([{"type": "text", "text": "fo"}, {"type": "text", "text": "ur"}], "four"),
        (["fo", {"type": "image"}, {"text": 7}, None, "ur"], "four"),
        ([], ""),
    ],
)
def test_content_in_every_known_form_becomes_text(content: Any, text: str) -> None:
    assert read_reply(body(content)).text == text


def message(content: Any, **fields: Any) -> bytes:
    choice = {"message": {"role": "assistant", "content": content, **fields}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], **usage(9)}).encode()


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ("four", {"reasoning_content": "2 + 2"}),
        ("four", {"reasoning": "2 + 2"}),
        ("four", {"thinking": "2 + 2"}),
        ("four", {"reasoning": "2 + 2", "reasoning_content": None}),
        ("four", {"reasoning": "2 + 2", "reasoning_details": [{"type": "reasoning.text", "text": "2 + 2"}]}),
        ("four", {"reasoning_details": [{"type": "reasoning.summary", "summary": "2 + 2"}]}),
        ("four", {"reasoning": {"content": [{"type": "text", "text": "2 + 2"}]}}),
        ("four", {"thinking_blocks": [{"type": "thinking", "thinking": "2 + 2", "signature": "x"}]}),
        ("<think>2 + 2</think>four", {}),
        ("<think>\n2 + 2\n</think>\n\nfour", {"reasoning_content": "2 + 2\n"}),
        ("2 + 2\n</think>\n\nfour", {}),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "2 + 2"}]}, {"type": "text", "text": "four"}], {}),
        ([{"type": "thinking", "thinking": "2 + 2"}, {"type": "text", "text": "four"}], {}),
        ([{"type": "reasoning", "text": "2 + 2"}, {"type": "text", "text": "four"}], {}),
        ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "2 + 2"}]}, {"text": "four"}], {}),
        ([{"text": "2 + 2", "thought": True}, {"text": "four"}], {}),
        ([{"type": "text", "text": "<think>2 + 2</think>"}, {"type": "text", "text": "four"}], {}),
    ],
)
def test_thought_and_reply_are_parted_whichever_way_they_came(content: Any, fields: dict[str, Any]) -> None:
    reply = read_reply(message(content, **fields))
    assert (reply.thought, reply.text) == ("2 + 2", "four")


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_content": ""},
        {"reasoning": None},
        {"reasoning": 7},
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "gAAA"}, 7, None]},
        {"reasoning": [[[[[["too deep"]]]]]]},
    ],
)
def test_a_field_without_a_text_is_no_thought(fields: dict[str, Any]) -> None:
    reply = read_reply(message("four", **fields))
    assert (reply.thought, reply.text) == ("", "four")


@pytest.mark.parametrize("content", [None, "", " ", "<think>2 + 2", []])
def test_a_thought_without_a_reply_is_no_empty_reply_to_be_asked_again(content: Any) -> None:
    reply = read_reply(message(content, reasoning_content="2 + 2"))
    assert (reply.text.strip(), reply.says_nothing) == ("", False)


@pytest.mark.parametrize(
    ("counts", "completion", "thought"),
    [
        # a thought that is shown
        ({"completion_tokens": 100}, 100, 80),
        ({"completion_tokens": 100, "completion_tokens_details": {"reasoning_tokens": 75}}, 100, 75),
        ({"completion_tokens": 100, "output_tokens_details": {"reasoning_tokens": 75}}, 100, 75),
        ({"completion_tokens": 100, "reasoning_tokens": 75}, 100, 75),
        ({"completion_tokens": 100, "completion_tokens_details": {"reasoning_tokens": 100}}, 100, 80),
        ({"completion_tokens": 100, "completion_tokens_details": {"reasoning_tokens": -7}}, 100, 80),
        ({"completion_tokens": 100, "completion_tokens_details": None}, 100, 80),
        # thought counted beside the completion, in the total alone
        ({"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 110}, 100, 80),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 20,
                "total_tokens": 110,
                "completion_tokens_details": {"reasoning_tokens": 80},
            },
            100,
            80,
        ),
        ({"prompt_tokens": 10, "completion_tokens": 100, "total_tokens": 110}, 100, 80),
    ],
)
def test_tokens_are_counted_as_they_are_billed(counts: dict[str, Any], completion: int, thought: int) -> None:
    choice = {"message": {"content": "f" * 80, "reasoning_content": "t" * 320}, "finish_reason": "stop"}
    reply = read_reply(json.dumps({"choices": [choice], "usage": counts}).encode())
    assert (reply.completion_tokens, reply.thought_tokens, reply.usage_estimated) == (completion, thought, False)


def test_tokens_of_a_thought_that_the_server_keeps_to_itself_are_counted() -> None:
    counts = {"completion_tokens": 320, "completion_tokens_details": {"reasoning_tokens": 300}}
    reply = read_reply(body("f" * 80, usage=counts))
    assert (reply.completion_tokens, reply.thought_tokens, reply.usage_estimated) == (320, 300, False)
    cut = read_reply(
        body(None, "length", usage={"completion_tokens": 300, "completion_tokens_details": {"reasoning_tokens": 300}})
    )
    assert (cut.completion_tokens, cut.thought_tokens, cut.says_nothing) == (300, 300, False)


def test_without_usage_thought_and_reply_are_estimated_together() -> None:
    choice = {"message": {"content": "f" * 80, "reasoning": "t" * 320}, "finish_reason": "stop"}
    reply = read_reply(json.dumps({"choices": [choice]}).encode())
    assert (reply.completion_tokens, reply.thought_tokens, reply.usage_estimated) == (100, 80, True)


@pytest.mark.parametrize(
    ("finish", "read"),
    [
        ("length", "length"),
        ("max_tokens", "length"),
        ("stop", "stop"),
        ("tool_calls", "stop"),
        (None, "stop"),
    ],
)
def test_the_end_of_an_answer_is_length_or_else_stop(finish: Any, read: str) -> None:
    assert read_reply(body(finish=finish)).finish_reason == read


@pytest.mark.parametrize("stated", [None, -1, True, "3", 3.0, 10**30, 100 + 9, 6, [], {}])
def test_an_unbelievable_count_is_estimated_from_the_text(stated: Any) -> None:
    reply = read_reply(body("x" * 100, **usage(stated)))
    assert (reply.completion_tokens, reply.usage_estimated) == (25, True)


@pytest.mark.parametrize("stated", [7, 25, 100, 108])
def test_a_believable_count_is_kept(stated: int) -> None:
    reply = read_reply(body("x" * 100, **usage(stated)))
    assert (reply.completion_tokens, reply.usage_estimated) == (stated, False)


@pytest.mark.parametrize("stated", [[], "many", None, 5])
def test_usage_of_another_type_is_as_good_as_none(stated: Any) -> None:
    reply = read_reply(body("x" * 10, usage=stated))
    assert (reply.prompt_tokens, reply.completion_tokens) == (0, 3)


@pytest.mark.parametrize("stated", [-1, 10**30, "7", None, False])
def test_an_unbelievable_prompt_count_is_none(stated: Any) -> None:
    assert read_reply(body("four", **usage(1, prompt=stated))).prompt_tokens == 0


def test_lone_surrogates_are_replaced_and_pairs_are_kept() -> None:
    raw = b'{"choices": [{"message": {"content": "a\\ud800b\\ud83d\\ude00"}}]}'
    assert read_reply(raw).text == "a�b😀"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>busy</html>",
        b'{"choices": [{"mess',
        b'"\xff"',
        b"[]",
        b"null",
        b"{}",
        b'{"choices": null}',
        b'{"choices": []}',
        b'{"choices": {"0": {}}}',
        b'{"choices": [null]}',
        b'{"choices": [{"message": "four"}]}',
        b'{"choices": [{"message": {"content": 4}}]}',
        b'{"choices": [{"message": {"content": {"text": "four"}}}]}',
        b"[" * 100_000,
        b'{"choices": ' + b"9" * 10_000 + b"}",
    ],
)
def test_whatever_is_no_completion_is_broken(raw: bytes) -> None:
    with pytest.raises(BrokenReply):
        read_reply(raw)


def test_a_broken_reply_says_what_the_server_said() -> None:
    with pytest.raises(BrokenReply, match="provider is overloaded"):
        read_reply(b'{"error": {"message": "provider is overloaded"}}')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(json_values, json_values, json_values, json_values)
def test_any_types_give_a_reply_or_a_broken_reply(content: Any, finish: Any, prompt: Any, completion: Any) -> None:
    try:
        reply = read_reply(body(content, finish, **usage(completion, prompt)))
    except (BrokenReply, Withheld):
        return
    reply.text.encode()
    assert reply.finish_reason in ("stop", "length")
    assert 0 <= reply.completion_tokens <= len(reply.text.encode()) + len(reply.thought.encode()) + 8
    assert 0 <= reply.thought_tokens <= reply.completion_tokens
    assert reply.prompt_tokens >= 0


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_give_words_and_a_list_of_models_or_none(raw: bytes) -> None:
    words = error_words(raw)
    assert words.isprintable()
    assert listed_models(raw) is None
    with pytest.raises(BrokenReply) as raised:
        read_reply(raw)
    assert str(raised.value).isprintable()


def test_models_are_read_from_a_list_with_strange_entries() -> None:
    assert listed_models(b'{"data": [{"id": "one"}, {"id": 2}, "three", {"id": "four"}]}') == ["one", "four"]


def test_an_error_beside_half_a_text_is_an_error() -> None:
    with pytest.raises(ErrorInReply, match="upstream died") as raised:
        read_reply(body("1. Ad", None, error={"message": "upstream died", "code": 502}))
    assert raised.value.status == 502
