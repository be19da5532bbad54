"""The durable record of every request and its completion.

    with Ledger.open(run_dir / "ledger.sqlite") as ledger:
        completion = ledger.get(request.key)
        await ledger.put(request, completion)     # returns once it is on disk

SQLite in WAL mode with full synchronisation. One thread of one process writes; what arrives while a commit is
under way shares the next one, so the cost of a commit is spread over as many completions as there are. Nothing
is kept in memory: a look-up is a read by primary key.
"""

from __future__ import annotations

import asyncio
import json
import queue
import sqlite3
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from regenesis.errors import LedgerError
from regenesis.filesystems import sync
from regenesis.nouns import Completion, Request

APPLICATION_ID = 0x52474E53  # "RGNS", so that a foreign SQLite file is recognised before anything is written
SCHEMA_VERSION = 1
LARGEST_GROUP = 1024
"""Completions that share one commit at most; bounds the time a commit takes."""

_SCHEMA = """
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
    recorded REAL NOT NULL
);
CREATE TABLE totals (
    stage TEXT PRIMARY KEY,
    completions INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL
);
"""
_INSERT = "INSERT OR IGNORE INTO completions VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
_ADD_TOTALS = """
INSERT INTO totals VALUES (?,?,?,?,?) ON CONFLICT(stage) DO UPDATE SET
    completions = completions + excluded.completions,
    refused = refused + excluded.refused,
    prompt_tokens = prompt_tokens + excluded.prompt_tokens,
    completion_tokens = completion_tokens + excluded.completion_tokens
"""
_COLUMNS = "text, finish_reason, prompt_tokens, completion_tokens, engine, seconds, error"


@dataclass(frozen=True, slots=True)
class StageTotals:
    """What the ledger holds of one stage: counts of completions and tokens."""

    completions: int
    refused: int
    prompt_tokens: int
    completion_tokens: int


class Ledger:
    """An open ledger. Use `Ledger.open` to write and `Ledger.read` to look only."""

    def __init__(self, path: Path, connection: sqlite3.Connection, *, writable: bool) -> None:
        self.path = path
        self._reader = connection
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._writer: threading.Thread | None = None
        if writable:
            self._writer = threading.Thread(target=self._write_groups, name="ledger-writer", daemon=True)
            self._writer.start()

    @classmethod
    def open(cls, path: Path) -> Ledger:
        """Opens a ledger to read and write, making it if there is none.

        The caller holds the run's lock: two writers of one ledger are kept apart there.

        Raises:
            LedgerError: The file is torn, or is not a ledger. Nothing in it has been changed.
        """
        if path.exists() and path.stat().st_size > 0:
            _check_file(path)
        else:
            _create(path)
        return cls(path, _connect(path, read_only=False), writable=True)

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Opens a ledger to look at, also while a run is writing it.

        Raises:
            LedgerError: There is none, it is torn, or it is not a ledger.
        """
        if not path.exists():
            raise LedgerError(f"{path}: there is no ledger. Is this the folder of a run that was started?")
        _check_file(path)
        return cls(path, _connect(path, read_only=True), writable=False)

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

    def get(self, key: str) -> Completion | None:
        """The completion recorded under a request's key, if there is one."""
        with self._naming_damage():
            row = self._reader.execute(f"SELECT {_COLUMNS} FROM completions WHERE key = ?", (key,)).fetchone()
        return None if row is None else Completion(*row)

    def request(self, key: str) -> dict[str, Any] | None:
        """The request recorded under a key, as plain JSON values, if there is one."""
        with self._naming_damage():
            row = self._reader.execute("SELECT request FROM completions WHERE key = ?", (key,)).fetchone()
            return None if row is None else json.loads(zlib.decompress(row[0]))

    def keys(self) -> Iterator[str]:
        """All keys, in no particular order."""
        with self._naming_damage():
            for (key,) in self._reader.execute("SELECT key FROM completions"):
                yield key

    def totals(self) -> dict[str, StageTotals]:
        """Counts by stage; read from running totals, whatever the size of the ledger."""
        with self._naming_damage():
            rows = self._reader.execute(
                "SELECT stage, completions, refused, prompt_tokens, completion_tokens FROM totals ORDER BY stage"
            )
            return {stage: StageTotals(*counts) for stage, *counts in rows}

    async def put(self, request: Request, completion: Completion) -> None:
        """Records a completion; returns once it is on disk. A key that is already there keeps its first completion.

        Raises:
            LedgerError: It could not be written (no room on disk, say).
        """
        if self._failure is not None or self._writer is None:
            raise self._write_error(self._failure)
        loop = asyncio.get_running_loop()
        entry = _Entry(loop, loop.create_future(), _row(request, completion))
        self._queue.put(entry)
        await entry.done

    @contextmanager
    def _naming_damage(self) -> Iterator[None]:
        """Around every reading of rows: what is torn may show at the first row or at any later one."""
        try:
            yield
        except (sqlite3.DatabaseError, zlib.error, ValueError) as error:
            raise LedgerError(_torn(self.path, error)) from error

    def _write_error(self, cause: BaseException | None) -> LedgerError:
        return LedgerError(
            f"{self.path}: a completion could not be recorded ({cause or 'the ledger is closed'}). "
            "Check the room and the rights on that disk, then start the run again; what is recorded stays."
        )

    def _write_groups(self) -> None:
        connection = _connect(self.path, read_only=False)
        try:
            open_to_more = True
            while open_to_more:
                group, open_to_more = self._next_group()
                if group:
                    self._commit(connection, group)
        finally:
            connection.close()

    def _next_group(self) -> tuple[list[_Entry], bool]:
        """Waits for one entry and takes what else has arrived; the flag says whether more may come."""
        entry = self._queue.get()
        group: list[_Entry] = []
        while entry is not None:
            group.append(entry)
            if len(group) >= LARGEST_GROUP:
                return group, True
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _commit(self, connection: sqlite3.Connection, group: list[_Entry]) -> None:
        try:
            if self._failure is None:
                connection.execute("BEGIN IMMEDIATE")
                for entry in group:
                    if connection.execute(_INSERT, entry.row).rowcount:
                        connection.execute(_ADD_TOTALS, _totals_of(entry.row))
                connection.execute("COMMIT")
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            # the thread lives on, so that whoever waits is told
            self._failure = error
            with suppress(sqlite3.Error):
                connection.rollback()
        failure = self._write_error(self._failure) if self._failure is not None else None
        loops = {id(entry.loop): entry.loop for entry in group}
        for identity, loop in loops.items():
            waiting = [entry.done for entry in group if id(entry.loop) == identity]
            # a run that was stopped in the meantime has closed its loop; what it waited for is on disk all the same
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, waiting, failure)


@dataclass(frozen=True, slots=True)
class _Entry:
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]
    row: tuple[Any, ...]


def _settle(waiting: list[asyncio.Future[None]], failure: LedgerError | None) -> None:
    for future in waiting:
        if future.done():
            continue
        if failure is None:
            future.set_result(None)
        else:
            future.set_exception(failure)


def _row(request: Request, completion: Completion) -> tuple[Any, ...]:
    asked = json.dumps(request.to_json(), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return (
        request.key,
        _storable(request.question_id),
        request.stage,
        _compressed(asked),
        _storable(completion.text),
        completion.finish_reason,
        completion.prompt_tokens,
        completion.completion_tokens,
        completion.engine,
        completion.seconds,
        None if completion.error is None else _storable(completion.error),
        time.time(),
    )


def _compressed(content: bytes) -> bytes:
    # a window that fits a request: setting up the usual, larger one takes longer than the compression itself
    deflate = zlib.compressobj(level=1, wbits=13, memLevel=6)
    return deflate.compress(content) + deflate.flush()


def _storable(text: str) -> str:
    """The text without lone surrogates, which cannot be stored."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _totals_of(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (row[2], 1, int(row[5] == "refused"), row[6], row[7])


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    mode = "ro" if read_only else "rw"
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False, timeout=30
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -16384")  # 16 MiB a connection, whatever the size of the ledger
    return connection


def _create(path: Path) -> None:
    """Makes an empty ledger beside its place and moves it there, so that it is there whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("", "-wal", "-shm", "-journal"):
            fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
        _write_schema(fresh)
        fresh.replace(path)
        sync(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise LedgerError(f"{path}: cannot be made ({error}). Check the room and the rights on that disk.") from error


def _write_schema(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    finally:
        connection.close()


def _check_file(path: Path) -> None:
    """Makes sure that a file is a whole ledger of this version, without writing to it."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise LedgerError(f"{path}: cannot be read ({error.strerror}). Check the rights on that file.") from error
    if not header.startswith(b"SQLite format 3\x00") or len(header) < 100:
        raise LedgerError(f"{path}: is not a ledger (not an SQLite file). Move it away, or give another run directory.")
    page_size = struct.unpack(">H", header[16:18])[0]
    page_size = 65536 if page_size == 1 else page_size
    pages = struct.unpack(">I", header[28:32])[0]
    if path.stat().st_size < pages * page_size and not _has_journal(path):
        raise LedgerError(_torn(path, f"{path.stat().st_size} bytes where {pages * page_size} were written"))
    connection = _connect(path, read_only=True)
    try:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise LedgerError(
                f"{path}: is an SQLite file of another program. Move it away, or give another run directory."
            )
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA_VERSION:
            raise LedgerError(
                f"{path}: was written in ledger format {version}, and this regenesis reads format {SCHEMA_VERSION}. "
                "Go on with the version of regenesis that started the run."
            )
        connection.execute("SELECT * FROM completions LIMIT 1").fetchone()
        connection.execute("SELECT * FROM completions ORDER BY rowid DESC LIMIT 1").fetchone()
        _check_counts(path, connection)
    except sqlite3.DatabaseError as error:
        raise LedgerError(_torn(path, error)) from error
    finally:
        connection.close()


def _check_counts(path: Path, connection: sqlite3.Connection) -> None:
    """Walks through all keys, which a page torn out or overwritten seldom survives, and compares with the totals."""
    # one transaction, so that both counts see the same moment of a ledger that is being written
    connection.execute("BEGIN")
    held = connection.execute("SELECT count(*) FROM completions").fetchone()[0]
    counted = connection.execute("SELECT coalesce(sum(completions), 0) FROM totals").fetchone()[0]
    connection.execute("COMMIT")
    if held != counted:
        raise LedgerError(_torn(path, f"it holds {held} completions where {counted} were recorded"))


def _has_journal(path: Path) -> bool:
    journal = path.with_name(path.name + "-wal")
    return journal.exists() and journal.stat().st_size > 0


def _torn(path: Path, what: object) -> str:
    return (
        f"{path}: the ledger is damaged ({what}). Nothing has been overwritten. Restore it from a copy, "
        f"or save what can be read with: sqlite3 '{path}' .recover | sqlite3 rescued.sqlite"
    )
