"""Which ends of a completion are answers, and what the others are called."""

from __future__ import annotations

from typing import Any

import pytest

from regenesis.engines.openai.bodies import BrokenReply
from regenesis.engines.openai.finishes import Withheld, finish_of


def ended(reason: Any, text: str = "1. Four.", **message: Any) -> str:
    return finish_of({"finish_reason": reason, "message": message}, text)


@pytest.mark.parametrize("reason", [None, "", "stop", "STOP", "eos_token", "end_turn", "stop_sequence", "completed"])
def test_a_model_that_ended_by_itself(reason: Any) -> None:
    assert ended(reason) == "stop"


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "max_tokens", "model_length", "FINISH_REASON_MAX_TOKENS"])
def test_a_completion_that_was_cut(reason: str) -> None:
    assert ended(reason) == "length"


@pytest.mark.parametrize(
    ("choice", "end"),
    [
        ({"stop_reason": "max_tokens"}, "length"),
        ({"finish_reason": None, "native_finish_reason": "MAX_TOKENS"}, "length"),
        ({"finish_reason": "", "done_reason": "stop"}, "stop"),
        ({"finish_reason": None, "stop_reason": "\n\nQuestion:"}, "stop"),
        ({"stop_reason": 151645}, "stop"),
        ({"finish_reason": "stop", "native_finish_reason": "MAX_TOKENS"}, "stop"),
    ],
)
def test_a_reason_under_another_name_is_read_where_the_usual_one_is_missing(choice: dict[str, Any], end: str) -> None:
    assert finish_of({"message": {}, **choice}, "1. Four.") == end


@pytest.mark.parametrize(
    "reason", ["error", "abort", "cancelled", "network_error", "insufficient_system_resource", "never heard of", 7, []]
)
def test_whatever_is_no_answer_is_a_failure(reason: Any) -> None:
    with pytest.raises(BrokenReply, match="aborted the completion"):
        ended(reason)


def test_an_error_beside_the_text_is_a_failure_and_is_shown() -> None:
    choice = {"finish_reason": "stop", "message": {}, "error": {"message": "upstream died", "code": 502}}
    with pytest.raises(BrokenReply, match="upstream died"):
        finish_of(choice, "half a text")


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY", "recitation", "prohibited_content"])
@pytest.mark.parametrize("text", ["", "half a text"])
def test_what_a_content_filter_cut_is_withheld(reason: str, text: str) -> None:
    with pytest.raises(Withheld, match="content filter") as raised:
        ended(reason, text)
    assert raised.value.filtered


@pytest.mark.parametrize(
    ("reason", "message", "says"),
    [
        ("tool_calls", {"tool_calls": [{"function": {"name": "search"}}]}, r"called a tool \(search\)"),
        ("function_call", {"function_call": {"name": "search"}}, r"called a tool \(search\)"),
        ("stop", {"tool_calls": [{"function": {}}]}, "called a tool and"),
        ("tool_use", {}, "called a tool"),
        ("stop", {"refusal": "I cannot\nhelp."}, r"declined to answer: I cannot help\."),
        ("stop", {"content": [{"type": "refusal", "refusal": "No."}]}, "declined to answer: No"),
        ("refusal", {}, "declined to answer"),
    ],
)
def test_a_reply_without_text_is_named_for_what_it_is(reason: str, message: dict[str, Any], says: str) -> None:
    with pytest.raises(Withheld, match=says) as raised:
        ended(reason, "", **message)
    assert not raised.value.filtered


@pytest.mark.parametrize("reason", ["tool_calls", "stop"])
def test_text_beside_a_tool_call_is_an_answer(reason: str) -> None:
    assert ended(reason, tool_calls=[{"function": {"name": "search"}}]) == "stop"
