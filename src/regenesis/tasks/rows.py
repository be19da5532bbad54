"""A row as it lies in its source, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


class RowError(Exception):
    """A row cannot become a question; the message is the reason, to be shown beside its line number."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a source.

    Attributes:
        source: The file or dataset it lies in, as named to the user.
        line: Line of a text file (the last one, where a row spans several), row number of any other source; from 1.
        values: Its columns; empty if it could not be read.
        fault: Why it could not be read, `None` if it could.
        subset: The hub config it belongs to.
    """

    source: str
    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None
    subset: str = ""


@dataclass(frozen=True, slots=True)
class RowSource:
    """Where rows come from, opened far enough to know how it is to be read.

    Attributes:
        origin: The file or dataset, as named to the user.
        read: Reads the rows, from the first one every time it is called.
        notes: What was found out about it that a user should check, such as an encoding.
    """

    origin: str
    read: Callable[[], Iterator[Row]]
    notes: tuple[str, ...] = ()


def shorten(value: object, width: int = 60) -> str:
    """`repr(value)`, cut so that it fits into an error message."""
    text = repr(value)
    return text if len(text) <= width else text[: width - 1] + "…"
