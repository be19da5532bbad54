"""Rows on their way into a ledger: what waits, and how a group of them is inserted."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import cache
from itertools import chain
from typing import Any, Literal

from regenesis.errors import LedgerError
from regenesis.ledger.rows import Row, Rows, StageTotals, sealed

_TOGETHER = (100, 10, 1)
"""Rows that a statement inserts: of 15 columns, 1,500 values at most of the 32,766 that SQLite takes."""
_CACHE_FOR_MANY = 65_536
"""KiB of pages that are kept while many rows are inserted."""

Owed = Literal["damaged", "refused"]
"""Why a row counts as not there."""

_ADD_TOTALS = """
INSERT INTO totals VALUES (?,?,?,?,?) ON CONFLICT(stage) DO UPDATE SET
    completions = completions + excluded.completions,
    refused = refused + excluded.refused,
    prompt_tokens = prompt_tokens + excluded.prompt_tokens,
    completion_tokens = completion_tokens + excluded.completion_tokens
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that waits to be written.

    Attributes:
        loop: Where it is waited for.
        done: By what.
        row: The row, sealed or not.
        replaces: What a row of the same key is that makes way for it.
    """

    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]
    row: Row
    replaces: Owed | None

    def insert(self, connection: sqlite3.Connection, added: dict[str, StageTotals]) -> None:
        """Inserts the row, and counts what it adds to the totals of its stage."""
        row = sealed(self.row)  # here and not in `put`, which runs where requests are sent and read
        inserted = connection.execute(_inserting(tuple(row), replacing=self.replaces is not None), row).rowcount
        # a replaced row was already counted, and the token counts of a damaged one are not reliable
        if inserted and self.replaces != "damaged":
            before = int(self.replaces is not None)
            tokens = row["prompt_tokens"], row["completion_tokens"]
            _add(added, row["stage"], StageTotals(1 - before, _refused(row["finish_reason"]) - before, *tokens))


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of another ledger that wait to be written together.

    Attributes:
        loop: Where they are waited for.
        done: By what.
        rows: The rows, sealed.
    """

    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]
    rows: Rows

    def insert(self, connection: sqlite3.Connection, added: dict[str, StageTotals]) -> None:
        """Inserts those whose keys are not there yet, and counts what they add to the totals of their stages."""
        # keys are hashes: all pages of their index are met again and again
        connection.execute(f"PRAGMA cache_size = -{_CACHE_FOR_MANY}")
        _insert(connection, self.rows, added)


def insert_group(connection: sqlite3.Connection, group: Sequence[Entry | Batch], added: dict[str, StageTotals]) -> None:
    """Inserts all rows of a group in their order, and counts what they add to the totals of their stages."""
    waiting: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}

    def insert_waiting() -> None:
        for names, values in waiting.items():
            _insert(connection, Rows(names, values), added)
        waiting.clear()

    for entry in group:
        if isinstance(entry, Entry) and entry.replaces is None:
            row = sealed(entry.row)  # here and not in `put`, which runs where requests are sent and read
            waiting.setdefault(tuple(row), []).append(tuple(row.values()))
        else:
            insert_waiting()
            entry.insert(connection, added)
    insert_waiting()


def _insert(connection: sqlite3.Connection, rows: Rows, added: dict[str, StageTotals]) -> None:
    """Inserts those rows whose keys are not there yet, and counts them in."""
    connection.execute("SAVEPOINT rows")
    inserted = _insert_together(connection, rows)
    if inserted != len(rows.values):  # statements for many rows do not tell which
        connection.execute("ROLLBACK TO rows")
        statement = _inserting_in_order(rows.names)
        rows = Rows(rows.names, [row for row in rows.values if connection.execute(statement, row).rowcount])
    connection.execute("RELEASE rows")
    by_stage: dict[str, list[tuple[int, int, int]]] = {}
    names = ("stage", "finish_reason", "prompt_tokens", "completion_tokens")
    for stage, finish_reason, *tokens in zip(*map(rows.column, names), strict=True):
        by_stage.setdefault(stage, []).append((_refused(finish_reason), *tokens))
    for stage, counts in by_stage.items():
        _add(added, stage, StageTotals(len(counts), *(sum(column) for column in zip(*counts, strict=True))))


def _insert_together(connection: sqlite3.Connection, rows: Rows) -> int:
    """Inserts rows, many by a statement, and gives the number of those whose keys were not there yet."""
    # between two statements another thread takes the interpreter, and this one waits to have it back
    inserted = start = 0
    for count in _TOGETHER:
        whole = start + (len(rows.values) - start) // count * count
        many = (tuple(chain.from_iterable(rows.values[at : at + count])) for at in range(start, whole, count))
        inserted += connection.executemany(_inserting_in_order(rows.names, count), many).rowcount
        start = whole
    return inserted


def _refused(finish_reason: str) -> int:
    return int(finish_reason in ("refused", "filtered"))


def _add(added: dict[str, StageTotals], stage: str, more: StageTotals) -> None:
    added[stage] = added[stage] + more if stage in added else more


@cache
def _inserting(names: tuple[str, ...], *, replacing: bool) -> str:
    values = ", ".join(f":{name}" for name in names)
    return f"INSERT OR {'REPLACE' if replacing else 'IGNORE'} INTO completions ({', '.join(names)}) VALUES ({values})"


@cache
def _inserting_in_order(names: tuple[str, ...], rows: int = 1) -> str:
    values = f"({', '.join('?' * len(names))})"
    return f"INSERT OR IGNORE INTO completions ({', '.join(names)}) VALUES {', '.join([values] * rows)}"


def add_totals(connection: sqlite3.Connection, added: Mapping[str, StageTotals]) -> None:
    """Adds counts by stage to the running ones."""
    connection.executemany(_ADD_TOTALS, [(stage, *astuple(totals)) for stage, totals in added.items()])


def settle(group: Sequence[Entry | Batch], failure: LedgerError | None) -> None:
    """Tells those who wait for a group, each in the loop where it waits, that it is on disk or why it is not."""
    loops = {id(entry.loop): entry.loop for entry in group}
    for identity, loop in loops.items():
        waiting = [entry.done for entry in group if id(entry.loop) == identity]
        # RuntimeError: the loop was closed by a cancelled run; its completions are on disk anyway
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, waiting, failure)


def _settle(waiting: Sequence[asyncio.Future[None]], failure: LedgerError | None) -> None:
    for future in waiting:
        if future.done():
            continue
        if failure is None:
            future.set_result(None)
        else:
            future.set_exception(failure)
