"""A ledger's rows: what a request and its completion become on disk, and whether a row is as it was written."""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from regenesis.databases import unpacked
from regenesis.quoting import encoder, quoted_chat, quoted_plainly
from regenesis.types import Completion, Message, Request, storable

ADDED = {"checksum": "INTEGER", "thought": "TEXT", "thought_tokens": "INTEGER"}
"""Columns that the first format did not have, with their types; `NULL` in rows that were written in it."""
SCHEMA = f"""
CREATE TABLE completions (
    key TEXT PRIMARY KEY,
    question_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    request BLOB NOT NULL,
    text TEXT NOT NULL,
    finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    engine TEXT NOT NULL,
    seconds REAL NOT NULL,
    error TEXT,
    recorded REAL NOT NULL,
    {", ".join(f"{name} {kind}" for name, kind in ADDED.items())}
);
CREATE TABLE totals (
    stage TEXT PRIMARY KEY,
    completions INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL
);
"""
_LARGEST_REQUEST = 256 * 1024 * 1024
"""Bytes that a request is unpacked to at most, whatever a row claims."""

_compact = encoder(",", ":", ensure_ascii=False)

Row = dict[str, Any]
"""A row by the names of its columns."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Many rows together, each as a tuple: there may be millions, and each dictionary would name all columns again.

    Attributes:
        names: Their columns.
        values: What each row holds, in the order of the columns.
    """

    names: tuple[str, ...]
    values: Sequence[tuple[Any, ...]]

    def column(self, name: str) -> list[Any]:
        """The values of one column."""
        place = self.names.index(name)
        return [row[place] for row in self.values]


@dataclass(frozen=True, slots=True)
class StageTotals:
    """What the ledger holds of one stage: counts of completions and tokens."""

    completions: int
    refused: int
    prompt_tokens: int
    completion_tokens: int

    def __add__(self, other: StageTotals) -> StageTotals:
        return StageTotals(
            self.completions + other.completions,
            self.refused + other.refused,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded request with its completion.

    Attributes:
        key: The request's key.
        stage: What the completion was for.
        messages: The chat that was sent, oldest first.
        completion: What came back.
    """

    key: str
    stage: str
    messages: tuple[Message, ...]
    completion: Completion


def row_of(request: Request, completion: Completion) -> Row:
    """What is written down of a request and its completion, before it is `sealed`."""
    return {
        "key": request.key,
        "question_id": storable(request.question_id),
        "stage": storable(request.stage),
        "request": _asked(request).encode("utf-8", "replace"),
        "text": storable(completion.text),
        "finish_reason": completion.finish_reason,
        "prompt_tokens": int(completion.prompt_tokens),
        "completion_tokens": int(completion.completion_tokens),
        "engine": storable(completion.engine),
        "seconds": float(completion.seconds),
        "error": None if completion.error is None else storable(completion.error),
        "recorded": time.time(),
        # no value where there is no thought: most models do not think, and a column without one takes no room
        "thought": storable(completion.thought) or None,
        "thought_tokens": int(completion.thought_tokens) or None,
    }


def _asked(request: Request) -> str:
    """The request as JSON without spaces, in which only texts may hold more than ASCII."""
    # without escapes of characters, a chat in ASCII is the same
    chat = quoted_chat(request.messages, quoted_plainly) if "\\u" in request.chat else request.chat
    settings = _compact(request.settings_to_json())
    return f'{{"model":{quoted_plainly(request.model)},"messages":{chat},{settings[1:]}'


def sealed(row: Row) -> Row:
    """The row as it is stored: its request compressed, and with its checksum.

    One that is sealed stays as it is. Costs more than making the row, and lets other threads go on meanwhile.
    """
    if "checksum" in row:
        return row
    stored = row | {"request": _packed(row["request"])}
    return stored | {"checksum": checksum(stored)}


def completion_of(row: Mapping[str, Any]) -> Completion:
    """The completion in a row that is whole."""
    return Completion(
        text=row["text"],
        finish_reason=row["finish_reason"],
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["completion_tokens"],
        engine=row["engine"],
        seconds=row["seconds"],
        error=row["error"],
        thought=row.get("thought") or "",
        thought_tokens=row.get("thought_tokens") or 0,
    )


def request_in(row: Mapping[str, Any]) -> dict[str, Any]:
    """The request in a row that is whole, as plain JSON values.

    Raises:
        ValueError: It cannot be unpacked.
    """
    request: dict[str, Any] = json.loads(unpacked(row["request"], _LARGEST_REQUEST))
    return request


def messages_in(request: Mapping[str, Any]) -> tuple[Message, ...]:
    """The chat of a recorded request; none of one in another form."""
    try:
        return tuple(Message(turn["role"], str(turn["content"])) for turn in request["messages"])
    except (KeyError, TypeError):
        return ()


def is_whole(row: Mapping[str, Any]) -> bool:
    """Whether a row, as read from disk, is as it was written; of rows without a checksum what can be told."""
    if row.get("checksum") is not None:
        return bool(row["checksum"] == checksum(row))
    texts = [row[name] for name in ("stage", "text", "finish_reason", "engine")]
    counts = [row[name] for name in ("prompt_tokens", "completion_tokens")]
    return (
        all(isinstance(text, str) and storable(text) == text for text in texts)
        and all(isinstance(count, int) and count >= 0 for count in counts)
        and isinstance(row["request"], bytes)
        and isinstance(row["seconds"], float)
        and (row["error"] is None or isinstance(row["error"], str))
    )


def checksum(row: Mapping[str, Any]) -> int:
    """A hash of all that a row holds, which any column that was changed by accident changes.

    A column without a value counts for nothing, so that the hash of a row stays the same when a column is added.
    """
    hashed: list[bytes] = []
    for name in _hashed_names(tuple(row)):
        value = row[name]
        if value is not None:
            held = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
            hashed.append(b"%b%d\n%b" % (_label(name, type(value).__name__), len(held), held))
    return int.from_bytes(hashlib.blake2b(b"".join(hashed), digest_size=8).digest(), "big", signed=True)


@cache
def _hashed_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if name != "checksum"))


@cache
def _label(name: str, kind: str) -> bytes:
    return f"{name} {kind} ".encode()


def _packed(content: bytes) -> bytes:
    # a window that fits a request: setting up the usual, larger one takes longer than the compression itself
    deflate = zlib.compressobj(level=1, wbits=13, memLevel=6)
    return deflate.compress(content) + deflate.flush()
