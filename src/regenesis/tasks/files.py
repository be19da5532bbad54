"""Rows out of files of the user's own, read one at a time so that a limit spares the rest of a large file.

    source = open_file(Path("questions.csv.gz"))
    source.notes                        # what to check, such as a delimiter that was guessed
    for row in source.read(): ...

A row that cannot be read is yielded with its `fault` and reading goes on behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from regenesis.errors import TaskError
from regenesis.tasks.delimited import open_delimited
from regenesis.tasks.json_files import open_json
from regenesis.tasks.rows import Row, RowSource
from regenesis.tasks.text_files import COMPRESSED_ENDINGS


def open_file(path: Path) -> RowSource:
    """Opens a file by its ending; `.gz`, `.bz2` and `.xz` behind that are looked through.

    Raises:
        TaskError: It is not there, is of no known kind, or cannot be read at all.
    """
    if path.is_dir():
        raise TaskError(f"{path}: is a folder. Give the path of a file.")
    inner = _uncompressed(path)
    opener = _OPENERS.get(inner.suffix.lower())
    if opener is None or (inner != path and inner.suffix.lower() == ".parquet"):
        ending = path.name.removeprefix(inner.stem) or "a file without an ending"
        raise TaskError(
            f"{path}: no reader for {ending}; use one of {', '.join(_OPENERS)}, or, of those that are text, "
            f"one compressed as {', '.join(COMPRESSED_ENDINGS)}."
        )
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise TaskError(f"{path}: {found}. Give the path of a file; relative paths start at the config file.")
    return opener(path)


def stem_of(path: Path) -> str:
    """A file's name without its endings: `questions` for `questions.jsonl.gz`."""
    return _uncompressed(path).stem


def _uncompressed(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() in COMPRESSED_ENDINGS else path


def _open_parquet(path: Path) -> RowSource:
    return RowSource(str(path), partial(_read_parquet, path))


def _read_parquet(path: Path) -> Iterator[Row]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=1024):
                for values in _with_text(batch).to_pylist(maps_as_pydicts="lossy"):
                    number += 1
                    yield Row(str(path), number, values)
    except (pyarrow.ArrowException, OSError) as error:
        raise TaskError(f"{path}: cannot be read as Parquet ({error}).") from error


def _with_text(batch: Any) -> Any:
    """The batch with binary columns as text where they are: some writers leave out that a column is."""
    import pyarrow

    for at, column in enumerate(batch.schema):
        if pyarrow.types.is_binary(column.type) or pyarrow.types.is_large_binary(column.type):
            with suppress(pyarrow.ArrowInvalid):
                batch = batch.set_column(at, column.name, batch.column(at).cast(pyarrow.string()))
    return batch


_OPENERS: dict[str, Callable[[Path], RowSource]] = {
    ".jsonl": open_json,
    ".ndjson": open_json,
    ".json": open_json,
    ".csv": partial(open_delimited, usual=","),
    ".tsv": partial(open_delimited, usual="\t"),
    ".parquet": _open_parquet,
}
