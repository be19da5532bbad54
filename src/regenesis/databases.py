"""SQLite files that are looked at, also where nothing may be written, and values kept compressed in them.

with closing(open_to_look(Path("runs/x/ledger.sqlite"))) as connection: ...
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

_WAIT = 30
"""Seconds to wait for another process that holds the file."""


def open_to_look(path: Path) -> sqlite3.Connection:
    """Opens a database in WAL mode to read, while another process may be writing it, and in a folder that this user may
    not write to.

    Raises:
        sqlite3.Error: It cannot be opened.
        OSError: Its log cannot be read.
    """
    path = path.resolve()
    if not _needs_index(path):
        return _connect(path, "mode=ro")
    # no process is at work on it, and none can be started by this user: what is in the file will not change
    log = path.with_name(path.name + "-wal")
    if not log.exists() or log.stat().st_size == 0:
        return _connect(path, "mode=ro&immutable=1")
    return _copied_into_memory(path, log)


def unpacked(content: bytes, most: int) -> bytes:
    """What a compressed value of a row holds, without taking more memory than it may.

    Args:
        content: The value.
        most: Bytes that it may come to.

    Raises:
        ValueError: It is not compressed, is cut off, or comes to more.
    """
    unpacking = zlib.decompressobj()
    try:
        whole = unpacking.decompress(content, most)
    except (zlib.error, TypeError) as error:
        raise ValueError(str(error)) from error
    if not unpacking.eof:
        raise ValueError(f"a value that is cut off, or unpacks to more than {most:,} bytes")
    return whole


def _needs_index(path: Path) -> bool:
    """Whether reading would have to make SQLite's shared index of the log in a folder that cannot be written."""
    return not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-shm").exists()


def _copied_into_memory(path: Path, log: Path) -> sqlite3.Connection:
    """The database with what its log holds, read without a file beside it."""
    with TemporaryDirectory(prefix="regenesis-") as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(log, copy.with_name(copy.name + "-wal"))
        whole = _connect(copy, "mode=rw")
        try:
            memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            whole.backup(memory)
        finally:
            whole.close()
    return memory


def _connect(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.as_uri()}?{how}", uri=True, isolation_level=None, check_same_thread=False, timeout=_WAIT
    )
