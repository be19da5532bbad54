"""Reads what a chat-completions server sent back. All of it is untrusted.

    reply = read_reply(body)      # Reply, or BrokenReply: ask again
    words = error_words(body)     # what a server says about an error, fit to be shown

Whatever the bytes, the outcome is a value or `BrokenReply`; no other exception leaves this module.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from regenesis.engines.thoughts import share_of_thought, split

_CUT_SHORT = frozenset({"length", "max_tokens", "model_length"})
_MOST_BYTES_A_TOKEN = 16
_UNWRITTEN_TOKENS = 8
_LARGEST_COUNT = 10_000_000
_LONGEST_HIDDEN_THOUGHT = 1_000_000
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks")
"""Where servers put a thought beside the content, several of them twice; the first that holds text is read."""
_THOUGHT_PARTS = frozenset({"thinking", "reasoning", "thought"})
_TEXT_KEYS = ("text", "thinking", "reasoning", "content", "summary")
_DEEPEST_PART = 4
_WORDS_SHOWN = 500


class BrokenReply(Exception):
    """The body is not a chat completion; the message says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What can be relied on in a chat completion.

    Attributes:
        text: What the model replied; always encodes as UTF-8.
        finish_reason: `length` if the server said so, `stop` otherwise.
        prompt_tokens: As the server counted, 0 if it did not say or cannot be believed.
        completion_tokens: Thought and reply as the server counted, or an estimate from the text.
        usage_estimated: Whether it is that estimate.
        thought: What the model thought before, in whichever way the server sent it; always encodes as UTF-8.
        thought_tokens: How many of the tokens were thought, which some servers count without showing it.
    """

    text: str
    finish_reason: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int
    usage_estimated: bool
    thought: str = ""
    thought_tokens: int = 0

    @property
    def says_nothing(self) -> bool:
        """Whether the model stopped by itself before it wrote anything, be it a thought."""
        return self.finish_reason == "stop" and not self.text.strip() and not (self.thought or self.thought_tokens)


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
    thought, text = _thought_and_reply(message)
    usage = reply.get("usage")
    tokens = _tokens(usage if isinstance(usage, dict) else {}, thought, text)
    finish = choices[0].get("finish_reason")
    return Reply(
        text=text,
        finish_reason="length" if isinstance(finish, str) and finish in _CUT_SHORT else "stop",
        prompt_tokens=tokens.prompt,
        completion_tokens=tokens.completion,
        usage_estimated=tokens.estimated,
        thought=thought,
        thought_tokens=tokens.thought,
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


def _thought_and_reply(message: dict[str, Any]) -> tuple[str, str]:
    """What the model thought and what it replied, by fields, by parts of the content, or by marks in the text."""
    beside = next(filter(None, (_flat(message.get(name)) for name in _THOUGHT_FIELDS)), "")
    among, text = _content(message.get("content"))
    parts = split(_encodable(text))
    thoughts = dict.fromkeys(_encodable(thought).strip() for thought in (beside or among, parts.thought))
    return "\n\n".join(filter(None, thoughts)), parts.reply


def _content(content: Any) -> tuple[str, str]:
    """The thought among the content's parts, and the text of the others."""
    if content is None:
        return "", ""
    if isinstance(content, str):
        return "", content
    if not isinstance(content, list):
        raise BrokenReply(f"the message's content is a JSON {type(content).__name__}, not text")
    thought = "".join(_flat(part) for part in content if _is_thought(part))
    return thought, "".join(_part(part) for part in content if not _is_thought(part))


def _is_thought(part: Any) -> bool:
    return isinstance(part, dict) and (part.get("type") in _THOUGHT_PARTS or part.get("thought") is True)


def _part(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else ""


def _flat(value: Any, depth: int = 0) -> str:
    """The text in a thought's field or part: a string, or objects and lists around strings."""
    if isinstance(value, str):
        return value
    if depth == _DEEPEST_PART:
        return ""
    if isinstance(value, list):
        return "".join(_flat(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return next(filter(None, (_flat(value.get(key), depth + 1) for key in _TEXT_KEYS)), "")
    return ""


def _encodable(text: str) -> str:
    """The text with lone surrogates, which JSON can smuggle in, replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


@dataclass(frozen=True, slots=True)
class _Tokens:
    prompt: int
    completion: int
    thought: int
    estimated: bool


def _tokens(usage: dict[str, Any], thought: str, reply: str) -> _Tokens:
    """The server's counts, with an estimate where they cannot be true of the text.

    Tokens of a thought that is not shown are believed where they are stated: they are billed all the same.
    """
    prompt = _count(usage.get("prompt_tokens"), 0, _LARGEST_COUNT) or 0
    shown, hidden = len(thought.encode()) + len(reply.encode()), _stated_thought(usage)
    unaccounted = _unaccounted(usage)
    stated = _count(usage.get("completion_tokens"), 0, _LARGEST_COUNT)
    hidden = max(hidden, unaccounted)
    completion = _count(
        None if stated is None else stated + unaccounted,
        shown / _MOST_BYTES_A_TOKEN,
        shown + _UNWRITTEN_TOKENS + hidden,
    )
    if completion is None:
        estimate = -(-shown // 4)
        return _Tokens(prompt, estimate, share_of_thought(estimate, thought, reply), estimated=True)
    return _Tokens(prompt, completion, _thought_tokens(completion, hidden, thought, reply), estimated=False)


def _stated_thought(usage: dict[str, Any]) -> int:
    """Tokens of thought as a server states them, 0 if it does not."""
    details = (usage.get("completion_tokens_details"), usage.get("output_tokens_details"), usage)
    stated = (detail.get("reasoning_tokens") for detail in details if isinstance(detail, dict))
    return next(filter(None, (_count(count, 0, _LONGEST_HIDDEN_THOUGHT) for count in stated)), 0)


def _unaccounted(usage: dict[str, Any]) -> int:
    """Tokens in the total that are neither prompt nor completion: some servers count a thought there alone."""
    prompt, completion, total = (
        _count(usage.get(f"{name}_tokens"), 0, _LARGEST_COUNT) for name in ("prompt", "completion", "total")
    )
    if prompt is None or completion is None or total is None:
        return 0
    return _count(total - prompt - completion, 0, _LONGEST_HIDDEN_THOUGHT) or 0


def _thought_tokens(completion: int, stated: int, thought: str, reply: str) -> int:
    """How many of a completion's tokens were thought: as stated if the rest can be the reply, else by the texts."""
    written = len(reply.encode())
    if stated and _count(completion - stated, written / _MOST_BYTES_A_TOKEN, written + _UNWRITTEN_TOKENS) is not None:
        return stated
    if stated and not thought:
        return max(completion - -(-written // 4), 0)
    return share_of_thought(completion, thought, reply)


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
