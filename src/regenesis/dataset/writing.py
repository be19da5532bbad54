"""The dataset on disk: Parquet, the same as JSON lines, and its card.

    summary = write_dataset(run / "dataset", examples, funnel, about)
    datasets.load_dataset(str(run / "dataset"))["train"]

Rows are written as they come, in constant memory. Each file appears whole or not at all, and the same examples
give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from regenesis.curation.funnel import Funnel
from regenesis.dataset.card import CARD, JSONL, PARQUET, Contents, render_card
from regenesis.errors import RunError
from regenesis.filesystems import replacing, sync
from regenesis.types import Example, storable

PROVENANCE = (
    *("question_id", "task", "guideline", "method", "hinted", "gold", "answer", "rule", "tokens", "ledger_keys"),
    *("confidence", "form"),
)
"""Columns beside `prompt` and `completion`: where a row comes from."""

THOUGHT = "reasoning_content"
"""What a thought is called in a reply, as chat templates and trainers know it; only where thoughts are trained on."""

_ROW_GROUP = 1000


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
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        contents = _write_rows(target, examples)
        names = [PARQUET, JSONL] if contents.rows else []
        with _replacing(target / CARD) as card:
            card.write(storable(render_card(contents, funnel, about)).encode())
        sync(target)
    except OSError as error:
        raise RunError(
            f"{target}: the dataset cannot be written ({error}). Free space or choose another folder."
        ) from error
    return DatasetSummary(target, contents, tuple(target / name for name in [*names, CARD]))


def _write_rows(folder: Path, examples: Iterable[Example]) -> Contents:
    contents = Contents()
    rows = (contents.count(_row(one)) for one in examples)
    first = next(rows, None)
    if first is None:
        for name in (PARQUET, JSONL):
            (folder / name).unlink(missing_ok=True)
        return contents
    with _replacing(folder / PARQUET) as parquet, _replacing(folder / JSONL) as lines:
        _write_both(_chunks(first, rows), _schema(thoughts=THOUGHT in first["completion"][0]), parquet, lines)
    return contents


def _write_both(chunks: Iterator[list[dict[str, Any]]], schema: Any, parquet: IO[bytes], lines: IO[bytes]) -> None:
    import pyarrow
    import pyarrow.parquet

    with pyarrow.parquet.ParquetWriter(parquet, schema, compression="zstd") as writer:
        for chunk in chunks:
            writer.write_table(pyarrow.Table.from_pylist(chunk, schema=schema))
            lines.writelines(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in chunk)


def _chunks(first: dict[str, Any], rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    yield [first, *islice(rows, _ROW_GROUP - 1)]
    while chunk := list(islice(rows, _ROW_GROUP)):
        yield chunk


def _schema(*, thoughts: bool) -> Any:
    import pyarrow

    text = pyarrow.string()
    message = [("role", text), ("content", text)]
    messages = pyarrow.list_(pyarrow.struct(message))
    replies = pyarrow.list_(pyarrow.struct([*message, *([(THOUGHT, text)] if thoughts else [])]))
    others: dict[str, Any] = {
        "hinted": pyarrow.bool_(),
        "tokens": pyarrow.int64(),
        "ledger_keys": pyarrow.list_(text),
        "confidence": pyarrow.float64(),
    }
    return pyarrow.schema(
        [("prompt", messages), ("completion", replies), *((name, others.get(name, text)) for name in PROVENANCE)]
    )


def _row(example: Example) -> dict[str, Any]:
    """One example as a flat row.

    Raises:
        RunError: The prompt does not end with a user's message, the completion is not one reply with text in it, or
            provenance is missing.
    """
    name = example.provenance.get("question_id", "an unnamed question")
    if not example.prompt or example.prompt[-1].role != "user":
        raise RunError(f"example of {name}: its prompt must end with a message of the user.")
    if (
        len(example.completion) != 1
        or example.completion[0].role != "assistant"
        or not example.completion[0].content.strip()
    ):
        raise RunError(f"example of {name}: its completion must be one message of the assistant, with text in it.")
    missing = [column for column in PROVENANCE if column not in example.provenance]
    if missing:
        raise RunError(f"example of {name}: its provenance lacks {', '.join(missing)}.")
    messages = {
        part: [{key: storable(value) for key, value in asdict(message).items()} for message in getattr(example, part)]
        for part in ("prompt", "completion")
    }
    if example.thought is not None:
        messages["completion"][0][THOUGHT] = example.thought
    return {**messages, **{column: _any_storable(example.provenance[column]) for column in PROVENANCE}}


def _any_storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    return [storable(item) for item in value] if isinstance(value, Sequence) else value


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` once it is whole and on disk; if writing fails nothing changes."""
    with replacing(path) as partial, partial.open("wb") as file:
        yield file
        file.flush()
