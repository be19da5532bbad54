"""The run's tables on disk: questions, paths and verdicts in Parquet, written whole and in constant memory.

write_questions(path, questions)
with OutcomeTables(paths_file, verdicts_file) as tables:
    tables.add(OutcomeRows.of(outcomes))
"""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path as FilePath
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from regenesis.errors import RunError
from regenesis.methods import Outcome
from regenesis.types import Choice, GradedPath, Question, storable

if TYPE_CHECKING:
    from regenesis.store.directory import RunDirectory

ROWS_A_GROUP = 1000


class RowGroups:
    """Tables of any size as tables of `ROWS_A_GROUP` rows, the last one of the rest: the same rows, the same groups."""

    def __init__(self) -> None:
        self._waiting: list[Any] = []
        self._rows = 0

    def add(self, table: Any) -> Iterator[Any]:
        """The groups that are full with this table's rows."""
        self._waiting.append(table)
        self._rows += table.num_rows
        if self._rows >= ROWS_A_GROUP:
            whole, full = self._joined(), self._rows - self._rows % ROWS_A_GROUP
            self._waiting, self._rows = [whole.slice(full)], self._rows - full
            for start in range(0, full, ROWS_A_GROUP):
                yield whole.slice(start, ROWS_A_GROUP)

    def rest(self) -> Iterator[Any]:
        """What is left at the end."""
        if self._rows:
            yield self._joined()
        self._waiting, self._rows = [], 0

    def _joined(self) -> Any:
        import pyarrow

        return pyarrow.concat_tables(self._waiting).combine_chunks()


class TableWriter:
    """A Parquet file that appears whole, when it is closed without an error.

    Raises:
        RunError: It cannot be written (no room on disk, say); from every method.
    """

    def __init__(self, path: FilePath, columns: Sequence[tuple[str, Any]]) -> None:
        import pyarrow
        import pyarrow.parquet

        self._path = path
        self._temporary = path.with_name(f".{path.name}.partial")
        self._schema = pyarrow.schema(columns)
        self._rows: list[dict[str, Any]] = []
        self._groups = RowGroups()
        with self._naming_trouble():
            self._writer = pyarrow.parquet.ParquetWriter(self._temporary, self._schema, compression="zstd")

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= ROWS_A_GROUP:
            self._flush()

    def add_table(self, table: Any) -> None:
        """Adds the rows of a table with the same columns."""
        self._write(self._groups.add(table))

    def _flush(self) -> None:
        import pyarrow

        if self._rows:
            self.add_table(pyarrow.Table.from_pylist(self._rows, schema=self._schema))
            self._rows.clear()

    def _write(self, groups: Iterable[Any]) -> None:
        for group in groups:
            with self._naming_trouble():
                self._writer.write_table(group)

    def finish(self) -> None:
        self._flush()
        self._write(self._groups.rest())
        with self._naming_trouble():
            self._writer.close()
            with self._temporary.open("rb") as file:
                os.fsync(file.fileno())
            self._temporary.replace(self._path)

    def abandon(self) -> None:
        """Removes what was written, unless it was finished; calling it twice is harmless."""
        # a disk without room must not hide the error that made it be abandoned
        with suppress(OSError):
            self._writer.close()
        with suppress(OSError):
            self._temporary.unlink(missing_ok=True)

    @contextmanager
    def _naming_trouble(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            with suppress(OSError):
                self._temporary.unlink(missing_ok=True)
            raise RunError(
                f"{self._path}: cannot be written ({error}). Check free space and permissions on that disk, then "
                "rerun the command: nothing is requested twice."
            ) from error


def write_questions(path: FilePath, questions: Iterable[Question], left_out: Mapping[str, str] | None = None) -> None:
    """Writes the questions of a run.

    Args:
        path: The file.
        questions: All of them, in order.
        left_out: Why some are neither asked nor trained on, by id.
    """
    import pyarrow

    text = pyarrow.string()
    choices = pyarrow.list_(pyarrow.struct([("label", text), ("text", text)]))
    columns = [
        ("id", text),
        ("task", text),
        ("text", text),
        ("gold", text),
        ("kind", text),
        ("choices", choices),
        ("scoring", text),
        ("left_out", text),
        ("accepted", pyarrow.list_(text)),
        ("group", text),
    ]
    writer = TableWriter(path, columns)
    try:
        for question in questions:
            writer.add(_question_row(question) | {"left_out": (left_out or {}).get(question.id)})
        writer.finish()
    finally:
        writer.abandon()


def _question_row(question: Question) -> dict[str, Any]:
    return {
        "id": question.id,
        "task": question.task,
        "text": question.text,
        "gold": question.gold,
        "kind": question.kind,
        "choices": [{"label": choice.label, "text": choice.text} for choice in question.choices],
        "scoring": json.dumps(dict(question.scoring), default=str) if question.scoring else None,
        "accepted": list(question.accepted),
        "group": question.group,
    }


def read_questions(path: FilePath, among: Container[str] | None = None) -> Iterator[Question]:
    """Reads back what `write_questions` wrote, one at a time.

    Args:
        path: The file.
        among: Ids of the questions to read; all of them if left out.

    Raises:
        RunError: The file is damaged.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=ROWS_A_GROUP):
                for row in batch.to_pylist() if among is None else _rows_among(batch, among):
                    row.pop("left_out", None)
                    choices = tuple(Choice(**choice) for choice in row.pop("choices"))
                    scoring = json.loads(row.pop("scoring") or "{}")
                    accepted = tuple(row.pop("accepted", None) or ())
                    yield Question(**row, choices=choices, scoring=scoring, accepted=accepted)
    except (pyarrow.ArrowException, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error


def _rows_among(batch: Any, ids: Container[str]) -> Iterator[dict[str, Any]]:
    for place, question_id in enumerate(batch.column("id").to_pylist()):
        if question_id in ids:
            yield batch.slice(place, 1).to_pylist()[0]


def read_tasks(path: FilePath) -> dict[str, str]:
    """The tasks of the questions that `write_questions` wrote, by their ids and in their order; without those left out.

    Raises:
        RunError: The file is damaged.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            table = file.read(["id", "task"])
        tasks = dict(zip(table["id"].to_pylist(), table["task"].to_pylist(), strict=True))
    except (pyarrow.ArrowException, OSError, KeyError) as error:
        raise _unreadable(path, error) from error
    for question_id in read_left_out(path):
        tasks.pop(question_id, None)
    return tasks


def read_left_out(path: FilePath) -> dict[str, str]:
    """Why questions that `write_questions` wrote are left out, by id; those that are not are not in it.

    Raises:
        RunError: The file is damaged.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            if "left_out" not in file.schema_arrow.names:  # written before there was such a column
                return {}
            return {
                row["id"]: row["left_out"]
                for batch in file.iter_batches(batch_size=ROWS_A_GROUP, columns=["id", "left_out"])
                if batch.column("left_out").null_count < batch.num_rows  # mostly nothing is
                for row in batch.to_pylist()
                if row["left_out"] is not None
            }
    except (pyarrow.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def count_questions(path: FilePath) -> int:
    """How many questions `write_questions` wrote, those left out among them.

    Raises:
        RunError: The file is damaged.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        return int(pyarrow.parquet.read_metadata(path).num_rows)
    except (pyarrow.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def chains_frame(directory: RunDirectory) -> Any:
    """The paths of a run with their verdicts, as a pandas data frame.

    Raises:
        RunError: They cannot be read.
    """
    import pandas

    try:
        paths, verdicts = (pandas.read_parquet(file) for file in (directory.paths, directory.verdicts))
    except (OSError, ValueError) as error:
        raise _unreadable(directory.paths, error) from error
    return paths.merge(verdicts, on=["question_id", "chain"])


def _unreadable(path: FilePath, error: Exception) -> RunError:
    return RunError(f"{path}: cannot be read ({error}). Delete it and rerun the command to write it again.")


class OutcomeTables:
    """`paths.parquet` and `verdicts.parquet`, filled question by question; a path's place joins the two."""

    def __init__(self, paths: FilePath, verdicts: FilePath) -> None:
        self._paths, self._verdicts = TableWriter(paths, _path_columns()), TableWriter(verdicts, _verdict_columns())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._paths.finish()
                self._verdicts.finish()
        finally:
            for writer in (self._paths, self._verdicts):
                writer.abandon()

    def add(self, rows: OutcomeRows) -> None:
        """Adds all paths of some questions."""
        self._paths.add_table(rows.paths)
        self._verdicts.add_table(rows.verdicts)


class OutcomeRows(NamedTuple):
    """All paths of some questions and their verdicts, as Arrow tables with the columns of `OutcomeTables`."""

    paths: Any
    verdicts: Any

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> OutcomeRows:
        """The rows of questions that have come to their end."""
        paths, verdicts = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
        for outcome in outcomes:
            kept = {id(one) for one in outcome.kept}
            for chain, judged in enumerate(outcome.judged):
                paths.append((outcome.question.id, chain, *_path_values(judged)))
                verdicts.append((outcome.question.id, chain, *_verdict_values(judged, id(judged) in kept)))
        return cls(_table(_path_columns(), paths), _table(_verdict_columns(), verdicts))


def _table(columns: Sequence[tuple[str, Any]], rows: Sequence[tuple[Any, ...]]) -> Any:
    import pyarrow

    # column by column, without a dictionary a row: there may be millions
    values = zip(*rows, strict=True) if rows else ((),) * len(columns)
    arrays = [pyarrow.array(held, kind) for (_, kind), held in zip(columns, values, strict=True)]
    return pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(columns))


def _path_columns() -> list[tuple[str, Any]]:
    import pyarrow

    text, number, flag = pyarrow.string(), pyarrow.int64(), pyarrow.bool_()
    return [
        *(("question_id", text), ("chain", number)),
        *(("method", text), ("guideline", text), ("hinted", flag)),
        ("steps", pyarrow.list_(pyarrow.struct([("stage", text), ("key", text)]))),
        *(("text", text), ("tokens", number), ("truncated", flag), ("retries", pyarrow.list_(text))),
    ]


def _path_values(judged: GradedPath) -> tuple[Any, ...]:
    path = judged.path
    return (
        *(path.method, path.guideline, path.hinted),
        [(stage, key) for stage, key, _ in path.steps],
        *(storable(path.text), path.tokens, path.truncated, path.retries),
    )


def _verdict_columns() -> list[tuple[str, Any]]:
    import pyarrow

    text = pyarrow.string()
    key = [("question_id", text), ("chain", pyarrow.int64())]
    return [*key, *((name, text) for name in _VERDICT_TEXTS), ("kept", pyarrow.bool_())]


_VERDICT_TEXTS = ("status", "extracted", "reason", "rule", "defect")


def _verdict_values(judged: GradedPath, kept: bool) -> tuple[Any, ...]:
    verdict = judged.verdict
    extracted = None if verdict.extracted is None else storable(verdict.extracted)
    return verdict.status, extracted, storable(verdict.reason), verdict.rule, judged.defect, kept
