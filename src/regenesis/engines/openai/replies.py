"""Reads what a chat-completions server sent back. All of it is untrusted.

    reply = read_reply(body)      # Reply, or BrokenReply: ask again
    words = error_words(body)     # what a server says about an error, fit to be shown

Whatever the bytes, the outcome is a value or `BrokenReply`; no other exception leaves this module.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

_CUT_SHORT = frozenset({"length", "max_tokens", "model_length"})
_MOST_BYTES_A_TOKEN = 16
_UNWRITTEN_TOKENS = 8
_LARGEST_PROMPT = 10_000_000
_WORDS_SHOWN = 500


class BrokenReply(Exception):
    """The body is not a chat completion; the message says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What can be relied on in a chat completion.

    Attributes:
        text: What the model wrote; always encodes as UTF-8.
        finish_reason: `length` if the server said so, `stop` otherwise.
        prompt_tokens: As the server counted, 0 if it did not say or cannot be believed.
        completion_tokens: As the server counted, or an estimate from the text.
        usage_estimated: Whether it is that estimate.
    """

    text: str
    finish_reason: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int
    usage_estimated: bool

    @property
    def says_nothing(self) -> bool:
        """Whether the model stopped by itself before it wrote anything."""
        return self.finish_reason == "stop" and not self.text.strip()


def read_reply(body: bytes) -> Reply:
    """Reads the first choice of a chat completion.

    Raises:
        BrokenReply: The body is not JSON, holds no choices, or its content is neither text nor parts of text.
    """
    reply = _parse(body)
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise BrokenReply(f"the reply holds no choices: {error_words(body)}")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise BrokenReply("the first choice of the reply holds no message")
    text = _encodable(_content(message.get("content")))
    usage = reply.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    completion_tokens, estimated = _completion_tokens(usage.get("completion_tokens"), len(text.encode()))
    finish = choices[0].get("finish_reason")
    return Reply(
        text=text,
        finish_reason="length" if isinstance(finish, str) and finish in _CUT_SHORT else "stop",
        prompt_tokens=_count(usage.get("prompt_tokens"), 0, _LARGEST_PROMPT) or 0,
        completion_tokens=completion_tokens,
        usage_estimated=estimated,
    )


def error_words(body: bytes) -> str:
    """What a server says about an error, on one line and without control characters."""
    try:
        words = _find_message(_parse(body))
    except BrokenReply:
        words = None
    if words is None:
        words = body[: 16 * _WORDS_SHOWN].decode("utf-8", errors="replace")
    line = " ".join("".join(character if character.isprintable() else " " for character in words).split())
    return line or "(nothing)"


def shorten(words: str) -> str:
    """At most 500 characters. Keys must be taken out first: half a key would not be recognised."""
    return words if len(words) <= _WORDS_SHOWN else words[: _WORDS_SHOWN - 1] + "…"


def listed_models(body: bytes) -> list[str] | None:
    """Names in a reply to `GET /models`, or `None` if it lists none that can be read."""
    try:
        data = _parse(body).get("data")
    except BrokenReply:
        return None
    if not isinstance(data, list):
        return None
    names = [item["id"] for item in data if isinstance(item, dict) and isinstance(item.get("id"), str)]
    return names or None


def _parse(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        # ValueError covers bad JSON, bad UTF-8 and integers too long to convert
        raise BrokenReply(f"the reply is not JSON ({len(body)} bytes)") from error
    if not isinstance(value, dict):
        raise BrokenReply(f"the reply is a JSON {type(value).__name__}, not an object")
    return value


def _content(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_part(part) for part in content)
    raise BrokenReply(f"the message's content is a JSON {type(content).__name__}, not text")


def _part(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else ""


def _encodable(text: str) -> str:
    """The text with lone surrogates, which JSON can smuggle in, replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _completion_tokens(stated: Any, text_bytes: int) -> tuple[int, bool]:
    """The server's count, or an estimate where it cannot be true, and whether it is the estimate."""
    count = _count(stated, text_bytes / _MOST_BYTES_A_TOKEN, text_bytes + _UNWRITTEN_TOKENS)
    return (-(-text_bytes // 4), True) if count is None else (count, False)


def _count(value: Any, least: float, most: float) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    return None


def _find_message(reply: dict[str, Any]) -> str | None:
    """The message of the error forms in use: `error.message`, `error`, `message`, `detail`."""
    error = reply.get("error")
    if isinstance(error, dict):
        error = error.get("message")
    for words in (error, reply.get("message"), reply.get("detail")):
        if isinstance(words, str) and words.strip():
            return words
    return None
