"""Parts of a ledger as files that never change: how what several machines recorded comes together.

    sealer = Sealer(ledger_path, folder)
    sealer.seal()                        # new rows since the last time → one more Parquet file
    await absorb(ledger, rows_in(folder))     # all rows of a folder, checked, in another ledger

A segment is named by the SHA-256 of its contents. Every sealer lists its own in files that no other one writes, so that
two of them for one folder take nothing from each other. A row is found by its key, so it does no harm if one is in
several segments: their union is the ledger.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from regenesis.errors import LedgerError
from regenesis.ledger.file import columns, connect, naming_damage
from regenesis.ledger.rows import Rows, is_whole
from regenesis.ledger.store import Ledger
from regenesis.storage import Folder

_LIST = re.compile(r"segments(-[0-9a-f]{12}-[0-9]{6})?\.json")
_NAME = re.compile(r"[0-9a-f]{64}\.parquet")
_LISTED_TOGETHER = 256
"""Segments of a list at most: it is written anew with each of them."""
_LARGEST = 20_000
"""Rows of a segment at most: about 30 MB of memory."""
_BATCH = 65_536
"""Rows that are read and written together: about 130 MB of memory, of which two are there at a time.

Keys are hashes, so that a commit of many rows writes nearly all pages of their index: an eighth as many commits save a
tenth of the time that a million rows take.
"""
_REPEATED = ("question_id", "stage", "finish_reason", "engine")
"""Columns in which few values come again and again."""
_MENDED = (
    "Restore it from a copy, or remove the folder of its shard and rerun that: what its machine still holds is sealed "
    "anew."
)


class Sealer:
    """Writes what a ledger gains into a folder, segment by segment.

    What is sealed is noted beside the ledger, so that a later start goes on from there.
    """

    def __init__(self, ledger: Path, folder: Folder) -> None:
        self._ledger, self._folder = ledger, folder
        self._noted = ledger.with_name("sealed.jsonl")
        self._lists, self._listed = secrets.token_hex(6), list[str]()
        self._sealing = threading.Lock()
        self._known, self._through = self._read_noted()
        # what is recorded from here on was written a moment ago: to look whether it is whole takes as long as sealing
        self._found = self._last_row() if ledger.exists() else 0

    def missing(self) -> list[str]:
        """The segments in the folder whose rows the ledger does not hold, or is not known to.

        Raises:
            LedgerError: The folder cannot be read.
        """
        listed = segments_of(self._folder)
        if not self._known <= set(listed):  # the folder was removed, or is another one
            self._noted.unlink(missing_ok=True)
            self._known, self._through = set(), 0
        return [name for name in listed if name not in self._known]

    def take_in(self, names: Sequence[str]) -> None:
        """Notes that the ledger holds the rows of these segments now, and nothing else that is not sealed."""
        self._through = self._last_row()
        for name in names:
            self._note(name)

    def _last_row(self) -> int:
        with naming_damage(self._ledger), closing(connect(self._ledger, read_only=True)) as connection:
            return int(connection.execute("SELECT coalesce(max(rowid), 0) FROM completions").fetchone()[0])

    def seal(self) -> int:
        """Writes the rows that were recorded since the last time; gives their number.

        Raises:
            LedgerError: The ledger cannot be read, or the folder not be written.
        """
        sealed = 0
        with self._sealing:
            if not self._ledger.exists():
                return 0
            with naming_damage(self._ledger), closing(connect(self._ledger, read_only=True)) as connection:
                names = ("rowid", *columns(connection))
                if self._through >= self._found:
                    connection.text_factory = str  # rows to come are whole, so that no text needs to be mended
                while rows := self._next(connection):
                    self._through = rows[-1][0]
                    # damaged ones count as not there, and would stand in the way of those that take their place
                    if rows[0][0] <= self._found:
                        rows = [row for row in rows if row[0] > self._found or _as_written(names, row)]
                    if rows:
                        self._note(self._write(dict(zip(names, zip(*rows, strict=True), strict=True))))
                    sealed += len(rows)
        return sealed

    def _next(self, connection: sqlite3.Connection) -> list[Any]:
        statement = "SELECT rowid, * FROM completions WHERE rowid > ? ORDER BY rowid LIMIT ?"
        return connection.execute(statement, (self._through, _LARGEST)).fetchall()

    def _write(self, values: dict[str, Sequence[Any]]) -> str:
        import pyarrow
        from pyarrow import parquet

        sink = pyarrow.BufferOutputStream()
        schema = _schema()
        arrays = [pyarrow.array(values[field.name], field.type) for field in schema]
        # nobody searches in a segment, and of what is different in each row a dictionary is built in vain
        parquet.write_table(
            pyarrow.Table.from_arrays(arrays, schema=schema),
            sink,
            compression="zstd",
            use_dictionary=list(_REPEATED),
            write_statistics=False,
        )
        written = sink.getvalue().to_pybytes()
        name = f"{hashlib.sha256(written).hexdigest()}.parquet"
        number, place = divmod(len(self._listed), _LISTED_TOGETHER)
        listed = [*self._listed[len(self._listed) - place :], name]
        try:
            self._folder.write(name, written)
            self._folder.write(f"segments-{self._lists}-{number:06d}.json", json.dumps(listed, indent=1).encode())
        except OSError as error:
            raise LedgerError(
                f"{self._folder}: a segment could not be written ({error.strerror or error}). What is recorded stays; "
                "once that is fixed, rerun the command."
            ) from error
        self._listed.append(name)
        return name

    def _read_noted(self) -> tuple[set[str], int]:
        """The segments whose rows are in the ledger, and the last of its rows that is in one of them."""
        known, through = set[str](), 0
        if not self._ledger.exists():
            self._noted.unlink(missing_ok=True)
            return known, through
        with suppress(FileNotFoundError), self._noted.open("rb") as lines:
            for line in lines:
                # the last line of a process that was killed may be torn: its segment is taken in, or sealed, once more
                with suppress(ValueError, KeyError, TypeError):
                    noted = json.loads(line)
                    known.add(str(noted["segment"]))
                    through = max(through, int(noted["through"]))
        return known, through

    def _note(self, name: str) -> None:
        self._known.add(name)
        try:
            with self._noted.open("ab") as lines:
                lines.write(json.dumps({"segment": name, "through": self._through}).encode() + b"\n")
        except OSError as error:
            raise LedgerError(f"{self._noted}: cannot be written ({error.strerror or error}).") from error


def _as_written(names: Sequence[str], row: Sequence[Any]) -> bool:
    return is_whole(dict(zip(names[1:], row[1:], strict=True)))


def segments_of(folder: Folder) -> list[str]:
    """Names of the segments in a folder, each once.

    Raises:
        LedgerError: A list of them is damaged, or the folder cannot be read.
    """
    found: dict[str, None] = {}
    try:
        lists = [name for name in folder.names() if _LIST.fullmatch(name)]
    except OSError as error:
        raise LedgerError(f"{folder}: cannot be read ({error}).") from error
    for listed in lists:
        try:
            names = json.loads(folder.read(listed))
        except (OSError, ValueError, RecursionError) as error:
            raise LedgerError(f"{folder}/{listed}: cannot be read ({error}). Restore it from a copy.") from error
        if not isinstance(names, list) or not all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
            raise LedgerError(f"{folder}/{listed}: is no list of segments. Restore it from a copy.")
        found |= dict.fromkeys(names)
    return list(found)


async def absorb(ledger: Ledger, batches: Iterable[Rows]) -> None:
    """Takes rows of segments into a ledger, as `rows_in` gives them.

    Raises:
        LedgerError: A segment is missing or is not as it was written, or the ledger cannot be written.
    """
    written: asyncio.Task[None] | None = None
    for rows in batches:
        if written is not None:
            await written
        # the ledger's own thread writes them while the next ones are read here
        written = asyncio.create_task(ledger.absorb(rows))
        await asyncio.sleep(0)
    if written is not None:
        await written


def rows_in(folder: Folder, names: Sequence[str] | None = None) -> Iterator[Rows]:
    """The rows of the segments in a folder, in batches; of all of them, or of some.

    Rows of small segments come together: each batch is a commit, which waits for the disk.

    Raises:
        LedgerError: A segment is missing, or is not as it was written.
    """
    names_together, together = tuple[str, ...](), list[tuple[Any, ...]]()
    for name in segments_of(folder) if names is None else names:
        for rows in _rows_of(folder, name):
            if together and names_together != rows.names:  # of an earlier version, with other columns
                yield Rows(names_together, together)
                together = []
            names_together = rows.names
            together += rows.values
            if len(together) >= _BATCH:
                yield Rows(names_together, together)
                together = []
    if together:
        yield Rows(names_together, together)


def _rows_of(folder: Folder, name: str) -> Iterator[Rows]:
    import pyarrow
    from pyarrow import parquet

    try:
        written = folder.read(name)
        if hashlib.sha256(written).hexdigest() != name.partition(".")[0]:
            raise LedgerError(f"{folder}/{name}: is not as it was written. {_MENDED}")
        # by one thread: segments are small, and the ledger's own thread writes meanwhile
        file = parquet.ParquetFile(pyarrow.BufferReader(written))
        if unknown := sorted(set(file.schema_arrow.names) - set(_schema().names)):
            raise LedgerError(f"{folder}/{name}: holds columns that are not known here: {', '.join(unknown)[:200]!r}.")
        for batch in file.iter_batches(_BATCH, use_threads=False):
            columns = [column.to_pylist() for column in batch.columns]
            yield Rows(tuple(batch.schema.names), list(zip(*columns, strict=True)))
    except (OSError, pyarrow.ArrowException) as error:
        raise LedgerError(f"{folder}/{name}: cannot be read ({error}). {_MENDED}") from error


def _schema() -> Any:
    import pyarrow

    kinds = {"request": pyarrow.binary(), "seconds": pyarrow.float64(), "recorded": pyarrow.float64()}
    whole = ("prompt_tokens", "completion_tokens", "checksum", "thought_tokens")
    texts = ("key", "question_id", "stage", "text", "finish_reason", "engine", "error", "thought")
    return pyarrow.schema(
        [*kinds.items(), *((name, pyarrow.int64()) for name in whole), *((name, pyarrow.string()) for name in texts)]
    )
