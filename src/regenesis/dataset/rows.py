"""Examples as they are stored: flat rows, as an Arrow table and as JSON lines.

stored(examples, thoughts=False).table
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from regenesis.dataset.card import Contents
from regenesis.errors import RunError
from regenesis.types import Example, storable

PROVENANCE = (
    *("question_id", "task", "guideline", "method", "hinted", "gold", "answer", "rule", "tokens", "ledger_keys"),
    *("confidence", "form"),
)
"""Columns beside `prompt` and `completion`: where a row comes from."""

THOUGHT = "reasoning_content"
"""What a thought is called in a reply, as chat templates and trainers know it; only where thoughts are trained on."""

_PORTION = 1000


@dataclass(frozen=True, slots=True)
class StoredRows:
    """Some rows of a dataset.

    Attributes:
        table: As an Arrow table.
        lines: As JSON lines.
        contents: What they are.
    """

    table: Any
    lines: bytes
    contents: Contents


def stored(examples: Iterable[Example], *, thoughts: bool) -> StoredRows:
    """The rows of examples, in their order.

    Args:
        examples: Those of one question follow each other.
        thoughts: Whether the model's thoughts are trained on, which takes a column of its own.

    Raises:
        RunError: An example is not in the form that trainers expect.
    """
    import pyarrow

    contents = Contents()
    rows = [contents.count(_row(one)) for one in examples]
    lines = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    return StoredRows(pyarrow.Table.from_pylist(rows, schema=_schema(thoughts=thoughts)), lines, contents)


def stored_in_portions(examples: Iterable[Example]) -> Iterator[StoredRows]:
    """The same for any number of examples, of which only a portion is in memory at a time."""
    remaining = iter(examples)
    first = next(remaining, None)
    if first is None:
        return
    remaining = chain([first], remaining)
    while portion := list(islice(remaining, _PORTION)):
        yield stored(portion, thoughts=first.thought is not None)


def _schema(*, thoughts: bool) -> Any:
    import pyarrow

    text = pyarrow.string()
    message = [("role", text), ("content", text)]
    messages = pyarrow.list_(pyarrow.struct(message))
    replies = pyarrow.list_(pyarrow.struct([*message, *([(THOUGHT, text)] if thoughts else [])]))
    others: dict[str, Any] = {
        "hinted": pyarrow.bool_(),
        "tokens": pyarrow.int64(),
        "ledger_keys": pyarrow.list_(text),
        "confidence": pyarrow.float64(),
    }
    return pyarrow.schema(
        [("prompt", messages), ("completion", replies), *((name, others.get(name, text)) for name in PROVENANCE)]
    )


def _row(example: Example) -> dict[str, Any]:
    """One example as a flat row.

    Raises:
        RunError: The prompt does not end with a user's message, the completion is not one reply with text in it, or
            provenance is missing.
    """
    name = example.provenance.get("question_id", "an unnamed question")
    if not example.prompt or example.prompt[-1].role != "user":
        raise RunError(f"example of {name}: its prompt must end with a message of the user.")
    if (
        len(example.completion) != 1
        or example.completion[0].role != "assistant"
        or not example.completion[0].content.strip()
    ):
        raise RunError(f"example of {name}: its completion must be one message of the assistant, with text in it.")
    missing = [column for column in PROVENANCE if column not in example.provenance]
    if missing:
        raise RunError(f"example of {name}: its provenance lacks {', '.join(missing)}.")
    messages = {
        part: [{"role": storable(one.role), "content": storable(one.content)} for one in chat]
        for part, chat in (("prompt", example.prompt), ("completion", example.completion))
    }
    if example.thought is not None:
        messages["completion"][0][THOUGHT] = example.thought
    return {**messages, **{column: _any_storable(example.provenance[column]) for column in PROVENANCE}}


def _any_storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    return [storable(item) for item in value] if isinstance(value, Sequence) else value
