"""Parts of a ledger as files that never change: how what several machines recorded comes together.

    sealer = Sealer(ledger_path, folder)
    sealer.seal()                        # new rows since the last time → one more Parquet file
    for rows in rows_in(folder): ...     # all rows of a folder, checked, in batches

A segment is named by the SHA-256 of its contents, and listed in `segments.json` once it is whole. A row is found by its
key, so it does no harm if one is in several segments: their union is the ledger.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from regenesis.errors import LedgerError
from regenesis.filesystems import read_bounded, replacing
from regenesis.ledger.file import columns, connect, naming_damage
from regenesis.ledger.rows import Row, is_whole

LISTED = "segments.json"
_LARGEST = 20_000
"""Rows of a segment at most: about 30 MB of memory."""
_BATCH = 1024


class Sealer:
    """Writes what a ledger gains into a folder, segment by segment."""

    def __init__(self, ledger: Path, folder: Path) -> None:
        self._ledger, self._folder = ledger, folder
        self._after = 0

    def seal(self) -> int:
        """Writes the rows that were recorded since the last time; gives their number.

        Raises:
            LedgerError: The ledger cannot be read, or the folder not be written.
        """
        if not self._ledger.exists():
            return 0
        sealed = 0
        with naming_damage(self._ledger), closing(connect(self._ledger, read_only=True)) as connection:
            names = columns(connection)
            while rows := self._next(connection):
                _, *values = zip(*rows, strict=True)
                self._write(dict(zip(names, values, strict=True)))
                self._after = rows[-1][0]
                sealed += len(rows)
        return sealed

    def _next(self, connection: sqlite3.Connection) -> list[Any]:
        statement = "SELECT rowid, * FROM completions WHERE rowid > ? ORDER BY rowid LIMIT ?"
        return connection.execute(statement, (self._after, _LARGEST)).fetchall()

    def _write(self, values: dict[str, Sequence[Any]]) -> None:
        import pyarrow
        from pyarrow import parquet

        sink = pyarrow.BufferOutputStream()
        schema = _schema()
        arrays = [pyarrow.array(values[field.name], field.type) for field in schema]
        parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), sink, compression="zstd")
        written = sink.getvalue().to_pybytes()
        name = f"{hashlib.sha256(written).hexdigest()}.parquet"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(self._folder / name) as partial:
                partial.write_bytes(written)
            listed = dict.fromkeys([*segments_of(self._folder), name])
            with replacing(self._folder / LISTED) as partial:
                partial.write_text(json.dumps(list(listed), indent=1) + "\n", "utf-8")
        except OSError as error:
            raise LedgerError(
                f"{self._folder}: a segment could not be written ({error.strerror or error}). What is recorded stays; "
                "once that is fixed, rerun the command."
            ) from error


def segments_of(folder: Path) -> list[str]:
    """Names of the segments in a folder, in the order they were sealed.

    Raises:
        LedgerError: Their list is damaged.
    """
    listed = folder / LISTED
    try:
        names = json.loads(read_bounded(listed))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise LedgerError(f"{listed}: cannot be read ({error}). Restore it from a copy.") from error
    if not isinstance(names, list) or not all(isinstance(name, str) and _is_name(name) for name in names):
        raise LedgerError(f"{listed}: is no list of segments. Restore it from a copy.")
    return names


def rows_in(folder: Path) -> Iterator[list[Row]]:
    """All rows in the segments of a folder, in batches.

    Raises:
        LedgerError: A segment is missing, or is not as it was written.
    """
    import pyarrow
    from pyarrow import parquet

    for name in segments_of(folder):
        path = folder / name
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != path.stem:
                raise LedgerError(
                    f"{path}: is not as it was written. Restore it, or rerun its shard, which seals it anew."
                )
            for batch in parquet.ParquetFile(path).iter_batches(_BATCH):
                values = batch.to_pydict()
                rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
                yield [row for row in rows if is_whole(row)]
        except (OSError, pyarrow.ArrowException) as error:
            raise LedgerError(
                f"{path}: cannot be read ({error}). Restore it, or rerun its shard, which seals it anew."
            ) from error


def _is_name(name: str) -> bool:
    stem, point, kind = name.partition(".")
    return point == "." and kind == "parquet" and len(stem) == 64 and set(stem) <= set("0123456789abcdef")


def _schema() -> Any:
    import pyarrow

    kinds = {"request": pyarrow.binary(), "seconds": pyarrow.float64(), "recorded": pyarrow.float64()}
    whole = ("prompt_tokens", "completion_tokens", "checksum", "thought_tokens")
    texts = ("key", "question_id", "stage", "text", "finish_reason", "engine", "error", "thought")
    return pyarrow.schema(
        [*kinds.items(), *((name, pyarrow.int64()) for name in whole), *((name, pyarrow.string()) for name in texts)]
    )
