"""A ledger's file: made whole, checked before anything is written to it, brought to the present format."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from regenesis.databases import open_to_look
from regenesis.errors import LedgerError
from regenesis.filesystems import sync
from regenesis.ledger.rows import ADDED, SCHEMA

APPLICATION_ID = 0x52474E53  # "RGNS", so that a foreign SQLite file is recognised before anything is written
SCHEMA_VERSION = 2
_READABLE = (1, SCHEMA_VERSION)


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Opens a ledger's file; text that is not UTF-8, as damage leaves behind, is read as lone surrogates."""
    if read_only:
        connection = open_to_look(path)
    else:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False, timeout=30
        )
    # in WAL mode NORMAL would lose the latest commits on a power failure; FULL syncs the log at each commit
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -16384")  # negative: KiB, so 16 MiB per connection
    # damaged text must reach the checksum comparison instead of raising here
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    return connection


def create(path: Path) -> None:
    """Makes an empty ledger beside its place and moves it there, so that it is there whole or not at all.

    Raises:
        LedgerError: It cannot be made.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # a stale -wal would be replayed into the new file
        for suffix in ("", "-wal", "-shm", "-journal"):
            fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
        _write_schema(fresh)
        fresh.replace(path)
        sync(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise LedgerError(
            f"{path}: cannot be made ({error}). Check free space and permissions on that disk."
        ) from error


def _write_schema(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")  # stored in the file; cannot change inside a transaction
        connection.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    finally:
        connection.close()


def upgrade(path: Path) -> None:
    """Gives a whole ledger the columns that its format does not have yet; its rows stay as they are.

    Raises:
        LedgerError: It cannot be written.
    """
    try:
        connection = connect(path, read_only=False)
        try:
            missing = [name for name in ADDED if name not in columns(connection)]
            if missing:
                connection.execute("BEGIN IMMEDIATE")
                for name in missing:
                    connection.execute(f"ALTER TABLE completions ADD COLUMN {name} {ADDED[name]}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                connection.execute("COMMIT")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise LedgerError(
            f"{path}: cannot be written ({error}). Check free space and permissions on that disk."
        ) from error


def columns(connection: sqlite3.Connection) -> list[str]:
    """Names of the columns of a ledger's completions, in order."""
    return [name for _, name, *_ in connection.execute("PRAGMA table_info(completions)")]


def check(path: Path, *, every_page: bool) -> None:
    """Makes sure that a file is a whole ledger of a format that can be read, without writing to it.

    Args:
        path: The file.
        every_page: Whether all of it is read: tables, index and whether they agree. It takes about 5 seconds for a
            million completions.

    Raises:
        LedgerError: It is not.
    """
    _check_header(path)
    with naming_damage(path):
        connection = connect(path, read_only=True)
        try:
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                raise LedgerError(
                    f"{path}: is an SQLite file of another program. Move it away, or name another run folder."
                )
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in _READABLE:
                raise LedgerError(
                    f"{path}: was written in ledger format {version}, and this regenesis reads formats up to "
                    f"{SCHEMA_VERSION}. Resume with the regenesis version that started the run."
                )
            if every_page:
                found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
                if found != "ok":
                    raise LedgerError(damaged(path, " ".join(str(found).split())))
            _check_counts(path, connection)
        finally:
            connection.close()


def _check_header(path: Path) -> None:
    try:
        with path.open("rb") as file:
            header = file.read(100)
        size = path.stat().st_size
    except OSError as error:
        raise LedgerError(f"{path}: cannot be read ({error.strerror}). Check the permissions of that file.") from error
    if not header.startswith(b"SQLite format 3\x00") or len(header) < 100:
        raise LedgerError(f"{path}: is not a ledger (not an SQLite file). Move it away, or name another run folder.")
    page_size = struct.unpack(">H", header[16:18])[0]
    page_size = 65536 if page_size == 1 else page_size
    pages = struct.unpack(">I", header[28:32])[0]
    if size < pages * page_size and not _has_journal(path):
        raise LedgerError(damaged(path, f"{size} bytes where {pages * page_size} were written"))


def _check_counts(path: Path, connection: sqlite3.Connection) -> None:
    """Walks through all keys, which a page torn out or overwritten seldom survives, and compares with the totals."""
    # one transaction, so that both counts see the same moment of a ledger that is being written
    connection.execute("BEGIN")
    held = connection.execute("SELECT count(*) FROM completions").fetchone()[0]
    counted = connection.execute("SELECT coalesce(sum(completions), 0) FROM totals").fetchone()[0]
    connection.execute("COMMIT")
    if held != counted:
        raise LedgerError(damaged(path, f"it holds {held} completions where {counted} were recorded"))


def _has_journal(path: Path) -> bool:
    journal = path.with_name(path.name + "-wal")
    return journal.exists() and journal.stat().st_size > 0


@contextmanager
def naming_damage(path: Path) -> Iterator[None]:
    """Around every reading: what is torn may show at the first row or at any later one.

    Raises:
        LedgerError: In place of SQLite's error.
    """
    try:
        yield
    except (sqlite3.Error, OSError, ValueError) as error:
        raise LedgerError(damaged(path, error)) from error


def damaged(path: Path, what: object) -> str:
    """What is said of a ledger that cannot be read as it should."""
    return (
        f"{path}: the ledger is damaged ({what}). Nothing more is written to it. Restore it from a copy, "
        f"or save what can be read with: sqlite3 '{path}' .recover | sqlite3 rescued.sqlite"
    )
