"""What a server says about an error: its words, fit to be shown, and its code.

words = error_words(body, content_type)
code = error_code(body)                    # "content_filter", "insufficient_quota", "429", …
is_filtered(body)                          # whether it is about what the prompt says
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from regenesis.engines.openai.bodies import FIRST_WORDS, BrokenReply, first_words, is_page, one_line, read_object

_WORDS_SHOWN = 500
_LISTED = 3
_DEEPEST = 6
_FILTERED = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "data_inspection_failed",
        "moderation_blocked",
        "responsibleaipolicyviolation",
    }
)
"""Codes of a prompt that a content filter turned away."""
_HOLDERS = ("error", "message", "msg", "detail", "details", "errors", "description", "title", "reason")
"""Where the forms of error in use keep their words, the most telling first."""


def error_words(body: bytes, content_type: str = "") -> str:
    """What a server says about an error, on one line and without control characters."""
    try:
        words = one_line(_words(read_object(body)))
    except BrokenReply:
        words = ""
    if words:
        return words
    kind = "a web page: " if is_page(body) or "html" in content_type else ""
    return kind + (first_words(body) or "(empty)")


def shorten(words: str) -> str:
    """At most 500 characters. Keys must be taken out first: half a key would not be recognised."""
    return words if len(words) <= _WORDS_SHOWN else words[: _WORDS_SHOWN - 1] + "…"


def error_code(body: bytes) -> str:
    """The code, or else the type, that a server gives its error, in lower case; empty if it gives none."""
    return next(_codes(body), "")


def is_filtered(body: bytes) -> bool:
    """Whether a content filter turned a prompt away: by a code that the error gives, or by what it says was flagged."""
    metadata = next(_under("metadata", *_holders(body)), {})
    return "flagged_input" in metadata or not _FILTERED.isdisjoint(_codes(body))


def _codes(body: bytes) -> Iterator[str]:
    """The codes and types of an error, and those of the error beneath it, in lower case."""
    holders = _holders(body)
    for holder in (*holders, *_under("innererror", *holders)):
        for name in ("code", "type"):
            code = holder.get(name)
            if isinstance(code, str | int) and not isinstance(code, bool) and str(code).strip():
                yield str(code).strip().lower()


def _holders(body: bytes) -> list[Mapping[str, Any]]:
    """The error in a body, and the body around it, where codes are looked for."""
    try:
        reply = read_object(body)
    except BrokenReply:
        return []
    return [*_under("error", reply), reply]


def _under(name: str, *holders: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (held for held in (holder.get(name) for holder in holders) if isinstance(held, Mapping))


def words_of(error: Any) -> str:
    """The words of an error that stands in a reply as a value; its JSON where no words are found."""
    return one_line(_words(error)) or one_line(json.dumps(error)[:FIRST_WORDS])


def _words(value: Any, depth: int = 0) -> str:
    if depth > _DEEPEST:
        return ""
    if isinstance(value, str):
        return _unwrapped(value, depth)
    if isinstance(value, list):
        return "; ".join(_filled(_words(one, depth + 1) for one in value[:_LISTED]))
    if not isinstance(value, dict):
        return ""
    found = next(_filled(_words(value.get(name), depth + 1) for name in _HOLDERS), "")
    metadata = value.get("metadata")
    beneath = _words(metadata.get("raw"), depth + 1) if isinstance(metadata, dict) else ""
    place = value.get("loc")
    where = ".".join(str(part) for part in place[:_DEEPEST]) if isinstance(place, list) and found else ""
    return ": ".join(_filled([where, found, beneath if beneath not in found else ""]))


def _unwrapped(text: str, depth: int) -> str:
    """The text, or the words in it where a gateway passes on another server's error as text."""
    text = text[:FIRST_WORDS]
    if text.lstrip().startswith(("{", "[")):
        try:
            return _words(json.loads(text), depth + 1) or text
        except (ValueError, RecursionError):
            return text
    return text


def _filled(parts: Iterable[str]) -> Iterator[str]:
    return (part for part in parts if part.strip())
