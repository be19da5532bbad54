"""The dataset on disk: Parquet, the same as JSON lines, and its card.

    summary = write_dataset(run / "dataset", examples, funnel, about)
    datasets.load_dataset(str(run / "dataset"))["train"]

Rows are written as they come, in constant memory. Each file appears whole or not at all, and the same examples
give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

from regenesis.curation.funnel import Funnel
from regenesis.dataset.card import CARD, JSONL, PARQUET, Contents, render_card
from regenesis.dataset.rows import StoredRows, stored_in_portions
from regenesis.errors import RunError
from regenesis.filesystems import replacing, sync
from regenesis.store.tables import RowGroups
from regenesis.types import Example, storable


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """What was written.

    Attributes:
        folder: The dataset's folder.
        contents: How many rows, and of what.
        files: What is in the folder now, the card last.
    """

    folder: Path
    contents: Contents
    files: tuple[Path, ...]

    def __repr__(self) -> str:
        return f"DatasetSummary({self.folder}: {self.rows:,} rows of {self.contents.questions:,} questions)"

    @property
    def rows(self) -> int:
        return self.contents.rows


def write_dataset(
    folder: str | Path, examples: Iterable[Example], funnel: Funnel, about: Mapping[str, Any]
) -> DatasetSummary:
    """Writes `train.parquet`, `train.jsonl` and `README.md`, replacing what an earlier call wrote.

    With no examples only the card is written, which says so, and train files of an earlier call are removed; whether
    that is an error is for the caller to decide, by `rows`.

    Args:
        folder: Where to write; made if missing.
        examples: The rows, in the order they are to have; taken one at a time. Rows of one question follow each other.
        funnel: The counts that the card shows.
        about: What the card says of the origin. `title`, `language` (a list of codes), `license` and `tasks` (a list of
            mappings with `name`, `split`, `questions`) have their places; everything else becomes a row of a table, in
            the order given.

    Raises:
        RunError: The folder cannot be written, or an example is not in the form that trainers expect.
    """
    return write_stored(folder, stored_in_portions(examples), funnel, about)


def write_stored(
    folder: str | Path, portions: Iterable[StoredRows], funnel: Funnel, about: Mapping[str, Any]
) -> DatasetSummary:
    """The same for rows that were made elsewhere, in their order.

    Raises:
        RunError: The folder cannot be written.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        contents = _write_rows(target, portions)
        names = [PARQUET, JSONL] if contents.rows else []
        with _replacing(target / CARD) as card:
            card.write(storable(render_card(contents, funnel, about)).encode())
        sync(target)
    except OSError as error:
        raise RunError(
            f"{target}: the dataset cannot be written ({error}). Free space or choose another folder."
        ) from error
    return DatasetSummary(target, contents, tuple(target / name for name in [*names, CARD]))


def _write_rows(folder: Path, portions: Iterable[StoredRows]) -> Contents:
    contents = Contents()
    with_rows = (portion for portion in portions if portion.contents.rows)
    first = next(with_rows, None)
    if first is None:
        for name in (PARQUET, JSONL):
            (folder / name).unlink(missing_ok=True)
        return contents
    with _replacing(folder / PARQUET) as parquet, _replacing(folder / JSONL) as lines:
        _write_both(chain([first], with_rows), first.table.schema, parquet, lines, contents)
    return contents


def _write_both(
    portions: Iterable[StoredRows], schema: Any, parquet: IO[bytes], lines: IO[bytes], contents: Contents
) -> None:
    import pyarrow.parquet

    groups = RowGroups()
    with pyarrow.parquet.ParquetWriter(parquet, schema, compression="zstd") as writer:
        for portion in portions:
            contents += portion.contents
            lines.write(portion.lines)
            for group in groups.add(portion.table):
                writer.write_table(group)
        for group in groups.rest():
            writer.write_table(group)


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` once it is whole and on disk; if writing fails nothing changes."""
    with replacing(path) as partial, partial.open("wb") as file:
        yield file
        file.flush()
