"""An open ledger: read by any number of processes, written by one thread of one of them.

SQLite in WAL mode with full synchronisation. What arrives while a commit is under way shares the next one, so the cost
of a commit is spread over as many completions as there are. No row is kept in memory: a look-up is a read by primary
key, but for keys that are surely not there.
"""

from __future__ import annotations

import asyncio
import queue
import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from regenesis.errors import LedgerError, LedgerLost
from regenesis.ledger.entries import Batch, Entry, Owed, add_totals, insert_group, settle
from regenesis.ledger.file import check, columns, connect, create, naming_damage, upgrade
from regenesis.ledger.rows import (
    Recorded,
    Row,
    Rows,
    StageTotals,
    completion_of,
    is_whole,
    messages_in,
    request_in,
    row_of,
)
from regenesis.ledger.seen import Seen
from regenesis.types import Completion, Message, Request

LARGEST_GROUP = 1024
"""Completions that share one commit at most; bounds the time a commit takes."""
_LOOK_SECONDS = 1.0
"""Between two looks at whether the file is still there."""

_PAUSE_SECONDS = 120.0
"""Between two completions of one sitting at most."""

_FILTERED = re.compile(r"content.?(?:filter|policy|management)|filtered due to|moderation", re.IGNORECASE)
"""How servers word a refusal that is about what a text says, and so for good."""


class Ledger:
    """An open ledger. Use `Ledger.open` to write and `Ledger.read` to look only."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, *, writable: bool, reused: Sequence[Ledger] = ()
    ) -> None:
        self.path = path
        self._reused = reused
        self._reader = connection
        self._columns = columns(connection)
        self._owed: dict[str, Owed] = {}
        self._damaged = 0
        self._taken_over = 0
        self._identity = _identity(path)
        self._queue: queue.SimpleQueue[Entry | Batch | None] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._writer: threading.Thread | None = None
        self._seen = Seen()
        if writable:
            # made here, so that a file that cannot be opened is met where somebody is told
            writing = connect(path, read_only=False)
            self._writer = threading.Thread(
                target=self._write_groups, args=(writing,), name="ledger-writer", daemon=True
            )
            self._writer.start()

    @classmethod
    def open(cls, path: Path, reuse: Sequence[Path] = (), *, every_page: bool = True) -> Ledger:
        """Opens a ledger to read and write, making it if there is none; one of an older format gets the present one.

        The caller holds the run's lock: two writers of one ledger are kept apart there.

        Args:
            path: The file.
            reuse: Other ledgers, whose completions are taken over as they are wanted; see `take_over`.
            every_page: Whether all of it is read first, which one that was written a moment ago does not need.

        Raises:
            LedgerError: The file is torn, or is not a ledger. Nothing in it has been changed.
        """
        if path.exists() and path.stat().st_size > 0:
            check(path, every_page=every_page)
            upgrade(path)
        else:
            create(path)
        with naming_damage(path):
            return cls(path, connect(path, read_only=False), writable=True, reused=[cls.read(other) for other in reuse])

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Opens a ledger to look at, also while a run is writing it.

        Raises:
            LedgerError: There is none, it is torn, or it is not a ledger.
        """
        if not path.exists():
            raise LedgerError(f"{path}: there is no ledger. Is this a run folder?")
        check(path, every_page=False)
        with naming_damage(path):
            return cls(path, connect(path, read_only=True), writable=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Commits what is waiting and closes the file. Calling it twice is harmless."""
        if self._writer is not None:
            self._queue.put(None)
            self._writer.join()
            self._writer = None
        self._reader.close()
        for other in self._reused:
            other.close()

    def get(self, key: str) -> Completion | None:
        """The completion recorded under a request's key, if there is one that is as it was written.

        A refusal, as earlier versions recorded it, is none: it hung on how the server was set up then.
        """
        row = self._row(key)
        if row is None:
            return None
        completion = completion_of(row)
        if completion.finish_reason != "refused":
            return completion
        if _FILTERED.search(completion.error or ""):
            return replace(completion, finish_reason="filtered")
        self._owed[key] = "refused"
        return None

    async def take_over(self, request: Request) -> Completion | None:
        """The completion that one of the reused ledgers holds for a request; once returned, it is in this one too.

        Raises:
            LedgerError: It could not be written, or a ledger is damaged.
        """
        if not self._reused:
            return None
        key = request.key
        found = next((held for other in self._reused if (held := other.get(key)) is not None), None)
        if found is not None:
            await self.put(request, found)
            self._taken_over += 1
        return found

    @property
    def reused_nothing(self) -> bool:
        """Whether there are ledgers to take completions over from, and none was taken."""
        return bool(self._reused) and not self._taken_over

    def request(self, key: str) -> dict[str, Any] | None:
        """The request recorded under a key, as plain JSON values, if there is one that is as it was written."""
        row = self._row(key)
        if row is None:
            return None
        with self._stopping_at_damage():
            return request_in(row)

    def messages(self, key: str) -> tuple[Message, ...]:
        """The chat that was sent for a recorded completion; none where it is not recorded as it was written."""
        return messages_in(self.request(key) or {})

    def of_question(self, question_id: str, *, without: str) -> list[Recorded]:
        """What is recorded of one question, in the order it was recorded, in every stage but one.

        Reads the whole file: there is no index by question.
        """
        statement = (
            "SELECT * FROM completions WHERE question_id = ? AND stage != ? AND finish_reason != 'refused' "
            "ORDER BY recorded, rowid"
        )
        with self._stopping_at_damage():
            rows = [
                dict(zip(self._columns, found, strict=True))
                for found in self._reader.execute(statement, (question_id, without))
            ]
            return [
                Recorded(row["key"], row["stage"], messages_in(request_in(row)), completion_of(row))
                for row in rows
                if is_whole(row)
            ]

    def completions_by_question(self, *, without: str) -> dict[str, int]:
        """How many completions are recorded of each question, in every stage but one."""
        statement = "SELECT question_id, COUNT(*) FROM completions WHERE stage != ? GROUP BY question_id"
        with self._stopping_at_damage():
            return {question: int(count) for question, count in self._reader.execute(statement, (without,))}

    @property
    def damaged(self) -> int:
        """Rows met so far that are not as they were written: they count as not there, and are replaced."""
        return self._damaged

    def keys(self) -> Iterator[str]:
        """All keys, in no particular order."""
        with self._stopping_at_damage():
            for (key,) in self._reader.execute("SELECT key FROM completions"):
                yield key

    def totals(self) -> dict[str, StageTotals]:
        """Counts by stage; read from running totals, whatever the size of the ledger."""
        with self._stopping_at_damage():
            rows = self._reader.execute(
                "SELECT stage, completions, refused, prompt_tokens, completion_tokens FROM totals ORDER BY stage"
            ).fetchall()
            if not all(isinstance(count, int) and count >= 0 for _, *counts in rows for count in counts):
                raise ValueError("its totals are not numbers")
            return {stage: StageTotals(*counts) for stage, *counts in rows}

    def generated(self, *, without: str) -> dict[str, int]:
        """Tokens generated by question, in every stage but one."""
        statement = "SELECT question_id, SUM(completion_tokens) FROM completions WHERE stage != ? GROUP BY question_id"
        with self._stopping_at_damage():
            return {question: int(tokens) for question, tokens in self._reader.execute(statement, (without,))}

    def tokens_per_second(self) -> float | None:
        """New tokens a second while completions came in; `None` where too few did to tell."""
        tokens, seconds, before = 0, 0.0, None
        with self._stopping_at_damage():
            rows = self._reader.execute("SELECT recorded, completion_tokens FROM completions ORDER BY recorded")
            for at, new in rows:
                # what came after a pause was begun within it, nobody knows when
                if before is not None and at - before < _PAUSE_SECONDS:
                    tokens, seconds = tokens + new, seconds + at - before
                before = at
        return tokens / seconds if seconds >= 1 else None

    def _row(self, key: str) -> Row | None:
        if self._seen.lacks(key):
            return None
        with self._stopping_at_damage():
            found = self._reader.execute("SELECT * FROM completions WHERE key = ?", (key,)).fetchone()
        if found is None:
            # not before one is missing, which in most ledgers that are read none is; and not where others may write
            if self._writer is not None:
                self._seen.fill(sum(stage.completions for stage in self.totals().values()), self.keys)
            return None
        # the key of the index, by which the row was found: that of the row itself is a copy
        row = dict(zip(self._columns, found, strict=True)) | {"key": key}
        if is_whole(row):
            return row
        if key not in self._owed:
            self._owed[key] = "damaged"
            self._damaged += 1
        return None

    async def put(self, request: Request, completion: Completion) -> None:
        """Records a completion; returns once it is on disk. A key that is already there keeps its first completion.

        Raises:
            LedgerError: It could not be written (no room on disk, say), or the ledger is damaged or gone.
        """
        if self._failure is not None or self._writer is None:
            raise self._write_error(self._failure)
        loop = asyncio.get_running_loop()
        row = row_of(request, completion)
        entry = Entry(loop, loop.create_future(), row, self._owed.pop(row["key"], None))
        self._seen.add(row["key"])
        self._queue.put(entry)
        await entry.done

    async def absorb(self, rows: Rows) -> None:
        """Records rows of another ledger as they are; returns once they are on disk.

        A key that is already there keeps its first completion.

        Raises:
            LedgerError: They could not be written, or the ledger is damaged or gone.
        """
        if self._failure is not None or self._writer is None:
            raise self._write_error(self._failure)
        loop = asyncio.get_running_loop()
        self._seen.add_all(rows.column("key"))
        owed, rest = list[Entry](), list[tuple[Any, ...]]()
        if self._owed:
            for key, row in zip(rows.column("key"), rows.values, strict=True):
                if key in self._owed:
                    named = dict(zip(rows.names, row, strict=True))
                    owed.append(Entry(loop, loop.create_future(), named, self._owed.pop(key)))
                else:
                    rest.append(row)
            rows = Rows(rows.names, rest)
        waiting: list[Entry | Batch] = [*owed, Batch(loop, loop.create_future(), rows)]
        for entry in waiting:
            self._queue.put(entry)
        await asyncio.gather(*(entry.done for entry in waiting))

    def require_there(self) -> None:
        """Makes sure that the ledger is still the file that was opened.

        Raises:
            LedgerLost: It, or the folder it lies in, was removed or replaced.
        """
        if _identity(self.path) != self._identity:
            raise LedgerLost(
                f"{self.path}: was removed or replaced during the run, so the run was stopped. Completions recorded "
                "since then may be lost and would be paid for again: restore the file before you resume."
            )

    async def watch(self) -> NoReturn:
        """Looks again and again whether the ledger is still there, for as long as it is awaited.

        Raises:
            LedgerLost: It is not.
        """
        while True:
            self.require_there()
            await asyncio.sleep(_LOOK_SECONDS)

    @contextmanager
    def _stopping_at_damage(self) -> Iterator[None]:
        """Around every reading: once damage is met, nothing more is written."""
        try:
            with naming_damage(self.path):
                yield
        except LedgerError as error:
            self._failure = error
            raise

    def _write_error(self, cause: BaseException | None) -> LedgerError:
        if isinstance(cause, LedgerError):
            return type(cause)(str(cause))
        return LedgerError(
            f"{self.path}: a completion could not be recorded ({cause or 'the ledger is closed'}). "
            "Check free space and permissions on that disk, then rerun the command: what is recorded stays."
        )

    def _write_groups(self, connection: sqlite3.Connection) -> None:
        try:
            open_to_more = True
            while open_to_more:
                group, open_to_more = self._next_group()
                if group:
                    self._commit(connection, group)
        finally:
            connection.close()

    def _next_group(self) -> tuple[list[Entry | Batch], bool]:
        """Waits for one entry and takes what else has arrived; the flag says whether more may come."""
        entry = self._queue.get()
        group: list[Entry | Batch] = []
        while entry is not None:
            group.append(entry)
            if len(group) >= LARGEST_GROUP:
                return group, True
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _commit(self, connection: sqlite3.Connection, group: list[Entry | Batch]) -> None:
        try:
            if self._failure is None:
                self.require_there()
                # takes the write lock now: a deferred transaction could fail to upgrade its lock half-way
                connection.execute("BEGIN IMMEDIATE")
                added: dict[str, StageTotals] = {}
                insert_group(connection, group, added)
                add_totals(connection, added)
                connection.execute("COMMIT")
        except (LedgerError, sqlite3.Error, OverflowError, UnicodeError) as error:
            # keep the thread alive, so that later puts are answered with the error instead of hanging
            self._failure = error
            with suppress(sqlite3.Error):
                connection.rollback()
        failure = self._write_error(self._failure) if self._failure is not None else None
        settle(group, failure)


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one in its place; `None` if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
