"""The body of a response as one JSON object, whatever wrapping a server or gateway puts around it.

    reply = read_object(body, "text/event-stream")

Servers that stream whatever is asked are read by joining their events to the reply that they would have sent whole;
comment lines, by which gateways keep a connection open, are passed over before plain JSON as well as between events.
"""

from __future__ import annotations

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

FIRST_WORDS = 8_000
"""Bytes of a body that are looked at for words to show: far more than are shown, since keys are taken out in between
and half a key would not be recognised."""

_PAGE = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_FIELD = re.compile(rb"(?:data|event|id|retry):")


class BrokenReply(Exception):
    """The body is not a chat completion; the message says why."""


def read_object(body: bytes, content_type: str = "") -> dict[str, Any]:
    """The JSON object in a body; events of a stream are joined to one.

    Raises:
        BrokenReply: There is none, or a stream ended before its reply did.
    """
    content = _after_comments(body)
    if _FIELD.match(content):
        return _join(list(_events(content)), ended=b"[DONE]" in content[-200:])
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        # ValueError covers bad JSON, bad UTF-8 and integers too long to convert
        kind = f" but {_media_type(content_type)}" if _media_type(content_type) not in ("", "application/json") else ""
        words = f": {first_words(body)}" if body.strip() else ""
        raise BrokenReply(f"the reply is not JSON{kind} ({len(body)} bytes){words}") from error
    if not isinstance(value, dict):
        raise BrokenReply(f"the reply is a JSON {type(value).__name__}, not an object")
    return value


def first_words(body: bytes) -> str:
    """The beginning of a body as text on one line; of a web page, its title and what it says."""
    text = body[:FIRST_WORDS].decode("utf-8", errors="replace")
    if is_page(body):
        text = re.sub(r"<(script|style)\b.*?(?:</\1\s*>|$)", " ", text, flags=re.IGNORECASE | re.DOTALL)
        text = html.unescape(re.sub(r"<[^>]*(?:>|$)", " ", text))
    return one_line(text)


def is_page(body: bytes) -> bool:
    """Whether a body is a web page, as of a sign-in or a proxy, and no reply of a server for models."""
    return _PAGE.match(body) is not None


def one_line(words: str) -> str:
    """The words on one line and without control characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in words).split())


def _media_type(content_type: str) -> str:
    return one_line(content_type.partition(";")[0])[:80].lower()


def _after_comments(body: bytes) -> bytes:
    """The body from its first line that is neither blank nor a comment."""
    content = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    while content.startswith(b":"):
        _, _, content = content.partition(b"\n")
        content = content.lstrip()
    return content


def _events(content: bytes) -> Iterator[dict[str, Any]]:
    """The JSON objects of a stream's events."""
    data: list[bytes] = []
    for line in [*content.splitlines(), b""]:
        if line.startswith(b"data:"):
            data.append(line[5:].strip())
        elif not line.strip() and data:
            joined = b"\n".join(data)
            data = []
            if joined and joined != b"[DONE]":
                yield _event(joined)


def _event(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BrokenReply(f"an event of the stream is not JSON: {first_words(data)}") from error
    if not isinstance(value, dict):
        raise BrokenReply(f"an event of the stream is a JSON {type(value).__name__}, not an object")
    return value


def _join(events: list[dict[str, Any]], *, ended: bool) -> dict[str, Any]:
    """What a server would have sent in one piece; an error among the events stands for the whole."""
    message: dict[str, Any] | None = None
    pieces: defaultdict[str, list[str]] = defaultdict(list)
    finish: Any = None
    usage: Any = None
    for event in events:
        if event.get("error"):
            return event
        if _tells_of_an_error(event):
            return {"error": event}
        usage = event.get("usage") or usage
        choice = _first_choice(event)
        finish = choice.get("finish_reason") or finish
        whole, delta = choice.get("message"), choice.get("delta")
        for part in (whole, delta):
            if isinstance(part, dict):
                message = message or {}
                _add(part, message, pieces)
    if finish is None and not ended:
        raise BrokenReply("the stream ended prematurely")
    if message is not None:
        message.update({name: "".join(parts) for name, parts in pieces.items()})
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage}


def _tells_of_an_error(event: dict[str, Any]) -> bool:
    """Whether an event is an error that stands there by itself, and no part of a completion."""
    if "choices" in event:
        return False
    return event.get("object") == "error" or any(event.get(name) for name in ("message", "detail", "msg"))


def _first_choice(event: dict[str, Any]) -> dict[str, Any]:
    choices = event.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict) and choice.get("index") in (0, None):
            return choice
    return {}


def _add(delta: dict[str, Any], message: dict[str, Any], pieces: dict[str, list[str]]) -> None:
    for name, value in delta.items():
        if isinstance(value, str) and name != "role":
            pieces[name].append(value)
        elif isinstance(value, list):
            held = message.get(name)
            message[name] = [*held, *value] if isinstance(held, list) else value
        elif value is not None:
            message[name] = value
