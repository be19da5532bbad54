"""Bodies as servers and gateways wrap them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.engines.openai.bodies import BrokenReply, read_object
from regenesis.engines.openai.replies import ErrorInReply, read_reply

USAGE = {"prompt_tokens": 10, "completion_tokens": 2}


def events(*chunks: Any, done: bool = True, between: str = "\n\n") -> bytes:
    lines = [f"data: {json.dumps(chunk)}" for chunk in chunks] + ["data: [DONE]"] * done
    return "".join(line + between for line in lines).encode()


def delta(finish: str | None = None, index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": fields, "finish_reason": finish}]}


def stream(text: str, **how: Any) -> bytes:
    pieces = [delta(content=text[at : at + 3]) for at in range(0, len(text), 3)]
    return events(delta(role="assistant"), *pieces, delta("stop"), {"choices": [], "usage": USAGE}, **how)


@pytest.mark.parametrize("between", ["\n\n", "\r\n\r\n"])
@given(text=st.text(min_size=1, max_size=40))
def test_a_stream_is_read_as_the_reply_that_it_makes_up(between: str, text: str) -> None:
    whole = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": USAGE}
    assert read_reply(stream(text, between=between)) == read_reply(json.dumps(whole).encode())


def test_thoughts_are_joined_apart_from_the_reply() -> None:
    body = events(delta(reasoning_content="per "), delta(reasoning_content="week?"), delta(content="12"), delta("stop"))
    reply = read_reply(body)
    assert (reply.thought, reply.text) == ("per week?", "12")


def test_comments_and_other_fields_between_events_are_passed_over() -> None:
    body = b": waiting\n\nevent: message\nid: 1\n" + events(delta("stop", content="12"))
    assert read_reply(body).text == "12"


@pytest.mark.parametrize("before", [b"\n \n", b": KEEP-ALIVE\n\n: KEEP-ALIVE\n\n", b"\xef\xbb\xbf"])
def test_plain_json_is_found_behind_what_keeps_a_connection_open(before: bytes) -> None:
    assert read_object(before + b'{"choices": []}') == {"choices": []}


def test_other_choices_of_a_stream_are_left_out() -> None:
    body = events(delta(content="12"), delta(index=1, content="34"), delta("stop"))
    assert read_reply(body).text == "12"


def test_a_stream_may_end_with_a_whole_message() -> None:
    body = events({"choices": [{"message": {"content": "12"}, "finish_reason": "stop"}]}, done=False)
    assert read_reply(body).text == "12"


def test_a_stream_that_is_cut_off_is_broken() -> None:
    with pytest.raises(BrokenReply, match="ended prematurely"):
        read_reply(events(delta(content="half a te"), done=False))


def test_an_error_in_a_stream_stands_for_the_whole() -> None:
    with pytest.raises(ErrorInReply, match="overloaded") as raised:
        read_reply(events(delta(content="half"), {"error": {"message": "overloaded", "code": 503}}, done=False))
    assert raised.value.status == 503


@pytest.mark.parametrize(
    ("body", "content_type", "says"),
    [
        (
            b"<html><title>Sign in</title><body>Please</body></html>",
            "text/html",
            r"text/html \(\d+ bytes\): Sign in Please",
        ),
        (b"upstream connect error", "text/plain; charset=utf-8", "text/plain .*: upstream connect error"),
        (b"", "application/json", r"not JSON \(0 bytes\)$"),
        (b"data: nonsense\n\n", "text/event-stream", "an event of the stream is not JSON: nonsense"),
        (b"data: []\n\n", "text/event-stream", "a JSON list"),
    ],
)
def test_what_is_no_reply_is_shown_in_its_first_words(body: bytes, content_type: str, says: str) -> None:
    with pytest.raises(BrokenReply, match=says):
        read_object(body, content_type)


@given(st.binary(max_size=200))
def test_any_bytes_in_a_stream_give_an_object_or_a_broken_reply(noise: bytes) -> None:
    for body in (b"data: " + noise, b": " + noise, noise):
        with suppress(BrokenReply):
            assert isinstance(read_object(body), dict)


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"message": "upstream died"}},
        {"object": "error", "message": "upstream died", "code": 500},
        {"detail": "upstream died"},
        {"message": "upstream died"},
    ],
)
@pytest.mark.parametrize("done", [True, False])
def test_half_a_stream_before_an_error_is_no_reply(event: dict[str, Any], done: bool) -> None:
    with pytest.raises(ErrorInReply, match="upstream died"):
        read_reply(events(delta(content="1. Ad"), event, done=done))


def test_a_stream_of_another_endpoint_is_no_empty_reply() -> None:
    with pytest.raises(BrokenReply, match="no message"):
        read_reply(events({"choices": [{"index": 0, "text": "1. Add.", "finish_reason": "stop"}]}))
