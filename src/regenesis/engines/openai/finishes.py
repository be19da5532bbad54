"""What a server means by the reason it gives for the end of a completion.

    finish_of({"finish_reason": "max_tokens", "message": {…}}, text)      # "length"
    finish_of({"finish_reason": "network_error", "message": {…}}, text)   # raises BrokenReply

Only `stop` and `length` end an answer. Everything that is not known to mean one of them is a failure: taken for an
answer, half a text would be recorded for ever.
"""

from __future__ import annotations

from typing import Any, Literal

from regenesis.engines.openai.bodies import BrokenReply, one_line
from regenesis.engines.openai.complaints import words_of

Finish = Literal["stop", "length", "filtered", "tool", "refused", "failed"]
"""`filtered`: withheld by a content filter; `tool`: a tool is called; `refused`: the model declined."""

_NAMES: dict[Finish, str] = {
    "stop": "stop stopped eos eos_token end end_turn end_of_turn end_of_text eot stop_sequence stop_token stop_string "
    "stop_str stop_word complete completed done finish finished",
    "length": "length max_tokens max_length max_new_tokens max_output_tokens max_completion_tokens limit token_limit "
    "model_length context_length context_length_exceeded model_context_window_exceeded",
    "filtered": "content_filter content_filtered content_policy filter safety image_safety moderation recitation "
    "blocklist prohibited_content spii sensitive guardrail_intervened",
    "tool": "tool_calls tool_call tool_use function_call",
    "refused": "refusal refused",
}
_FINISHES = {name: finish for finish, names in _NAMES.items() for name in names.split()}


class Withheld(Exception):
    """The reply is whole and holds no text for a reason of its own; the message says which.

    Attributes:
        filtered: Whether a content filter withheld it, which is about what the text says.
    """

    def __init__(self, words: str, *, filtered: bool = False) -> None:
        super().__init__(words)
        self.filtered = filtered


def finish_of(choice: dict[str, Any], text: str) -> Literal["stop", "length"]:
    """How an answer ended.

    Args:
        choice: The choice of a chat completion, with its message.
        text: What the model replied in it.

    Raises:
        BrokenReply: The server broke off.
        Withheld: It is no answer, and asking again would not make it one.
    """
    message = choice["message"]
    stated = choice.get("finish_reason")
    if stated in (None, ""):
        stated = _stated_elsewhere(choice)
    finish, error = _read_finish(stated), choice.get("error")
    if not error and (finish == "length" or (finish == "stop" and text.strip())):
        return finish
    named = f"finish_reason {one_line(str(stated))[:80]!r}"
    if finish == "failed" or error:
        words = f": {words_of(error)}" if error else ""
        raise BrokenReply(f"the server aborted the completion ({named}){words}")
    if finish == "filtered":
        raise Withheld(f"a content filter of the server withheld the reply ({named})", filtered=True)
    declined = _declined(message)
    if not text.strip() and (declined or finish == "refused"):
        raise Withheld(f"the model declined to answer: {declined or named}")
    if not text.strip() and (finish == "tool" or message.get("tool_calls") or message.get("function_call")):
        raise Withheld(f"the model called a tool{_tool(message)} and wrote no text ({named}); serve it without tools")
    return "stop"


def _declined(message: dict[str, Any]) -> str:
    """The words of a refusal that stands in a field or a part of its own."""
    content = message.get("content")
    parts = [part.get("refusal") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return one_line(" ".join(words for words in (message.get("refusal"), *parts) if isinstance(words, str)))


def _tool(message: dict[str, Any]) -> str:
    """The name of the tool that is called, in brackets."""
    calls = message.get("tool_calls")
    call = calls[0] if isinstance(calls, list) and calls else {"function": message.get("function_call")}
    function = call.get("function") if isinstance(call, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return f" ({one_line(name)[:80]})" if isinstance(name, str) and name.strip() else ""


def _stated_elsewhere(choice: dict[str, Any]) -> str | None:
    """The reason where a gateway left it under the name that the server behind it has for it.

    Only where that is a reason: the `stop_reason` of some servers is the text or token that the reply stopped at.
    """
    stated = (choice.get(name) for name in ("stop_reason", "native_finish_reason", "done_reason"))
    return next((one for one in stated if isinstance(one, str) and _read_finish(one) != "failed"), None)


def _read_finish(stated: Any) -> Finish:
    """The meaning of a finish reason as a server states it; one that is left out is a stop."""
    if stated is None or stated == "":
        return "stop"
    if not isinstance(stated, str):
        return "failed"
    if stated in _FINISHES:
        return _FINISHES[stated]
    name = stated.strip().lower().replace("-", "_").removeprefix("finish_reason_")
    return _FINISHES.get(name, "failed")
