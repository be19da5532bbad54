"""What became of each finished question: derived from the ledger, kept so that a resume need not derive it again.

    outcomes = OutcomeStore.open(path, fingerprint)
    outcomes.put(outcome)
    todo = [q for q in questions if q.id not in outcomes.finished()]

An outcome holds only under the fingerprint it was made with: settings, prompts, guidelines and the code that judges.
When one of them changes, questions are led through the ledger again, which asks the engine nothing it has answered.
The file may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from regenesis.curation.counted import Chain, counted, counted_from_json, counted_to_json
from regenesis.databases import open_to_look
from regenesis.errors import RunError
from regenesis.methods import Outcome
from regenesis.store.outcome_records import packed_outcome, unpacked_paths
from regenesis.types import GradedPath, Question

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outcomes (
    question_id TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    chains INTEGER NOT NULL,
    correct INTEGER NOT NULL,
    incorrect INTEGER NOT NULL,
    unparsed INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    counted TEXT,
    record BLOB NOT NULL
)
"""
_WRITTEN = "question_id, fingerprint, chains, correct, incorrect, unparsed, kept, counted, record"
_COLUMNS = "SELECT name FROM pragma_table_info('outcomes')"
_SCHEMA_OF_MARKS = "CREATE TABLE IF NOT EXISTS asked_again (question_id TEXT PRIMARY KEY)"
"""Questions with requests that were refused: finished as things stood then, and led again by the next start."""
_MARK = "INSERT OR IGNORE INTO asked_again VALUES (?)"
_UNMARK = "DELETE FROM asked_again WHERE question_id = ?"
_DERIVING_CODE = ("answers", "curation", "methods", "synthesis/judging.py")


class OutcomeDamaged(RunError):
    """The record of a question holds no outcome; it can be derived from the ledger again."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over finished questions: how many, how many of them kept a path, and their chains by verdict."""

    questions: int
    served: int
    kept: int
    chains: int
    correct: int
    incorrect: int
    unparsed: int


class Record(NamedTuple):
    """A finished question as it is written down."""

    question_id: str
    chains: int
    correct: int
    incorrect: int
    unparsed: int
    kept: int
    counted: str
    content: bytes

    @classmethod
    def of(cls, outcome: Outcome) -> Record:
        """What is written down of a question that has come to its end."""
        counts = Counter(one.verdict.status for one in outcome.judged)
        return cls(
            outcome.question.id,
            len(outcome.judged),
            counts["correct"],
            counts["incorrect"],
            counts["unparsed"],
            len(outcome.kept),
            counted_to_json(counted(outcome.judged, outcome.kept)),
            packed_outcome(outcome),
        )


class OutcomeStore:
    """Finished questions of a run, under one fingerprint. Use `open` to write and `latest` to look only."""

    def __init__(self, path: FilePath, fingerprint: str, connection: sqlite3.Connection) -> None:
        self._path = path
        self._fingerprint = fingerprint
        self._connection = connection

    @classmethod
    def open(cls, path: FilePath, fingerprint: str) -> OutcomeStore:
        """Opens the outcomes to read and write; those that cannot be read are removed, to be derived again.

        The caller holds the run's lock.

        Raises:
            RunError: The file is in use, out of reach or out of room.
        """
        if path.exists() and _is_damaged(path):
            cls.remove(path)
        try:
            return cls(path, fingerprint, _connect(path))
        except sqlite3.DatabaseError as error:
            raise _unusable(path, error) from error

    @staticmethod
    def remove(path: FilePath) -> None:
        """Deletes the outcomes, if there are any. The caller holds the run's lock."""
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)

    @classmethod
    def latest(cls, path: FilePath) -> OutcomeStore:
        """The outcomes as last derived, to look at, whatever they were derived by; none if there is no file.

        Raises:
            RunError: They are damaged.
        """
        if not path.exists():
            return cls(path, "", _connect(FilePath(":memory:")))
        try:
            connection = open_to_look(path)
            row = connection.execute("SELECT fingerprint FROM outcomes ORDER BY rowid DESC LIMIT 1").fetchone()
        except (sqlite3.DatabaseError, OSError) as error:
            raise _unusable(path, error) from error
        return cls(path, row[0] if row is not None else "", connection)

    @classmethod
    def read(cls, path: FilePath, fingerprint: str) -> OutcomeStore:
        """The outcomes under a fingerprint, to look at while another process has them open.

        Raises:
            RunError: They cannot be read.
        """
        try:
            return cls(path, fingerprint, open_to_look(path))
        except (sqlite3.DatabaseError, OSError) as error:
            raise _unusable(path, error) from error

    @property
    def fingerprint(self) -> str:
        """What the outcomes hold under."""
        return self._fingerprint

    def close(self) -> None:
        self._connection.close()

    def put(self, outcome: Outcome, *, ask_again: bool = False) -> None:
        """Records a finished question. A crash may lose the last ones; they are derived again.

        Args:
            outcome: What became of it.
            ask_again: Whether the next start is to lead it once more, since requests of it were refused.

        Raises:
            RunError: It cannot be written (no room on disk, say).
        """
        self.put_record(Record.of(outcome), ask_again=ask_again)

    def put_record(self, record: Record, *, ask_again: bool = False) -> None:
        """The same for a question that another process has brought to its end."""
        self._put([record], _MARK if ask_again else _UNMARK)

    def take_over(self, records: Sequence[Record]) -> None:
        """Records questions that were finished elsewhere under the same fingerprint, but for those finished here."""
        known = self.finished() - self.asked_again()
        self._put([record for record in records if record.question_id not in known], _UNMARK)

    def _put(self, records: Sequence[Record], mark: str) -> None:
        with self._naming_trouble(), self._connection:
            self._connection.execute("BEGIN")
            self._connection.executemany(
                f"INSERT OR REPLACE INTO outcomes ({_WRITTEN}) VALUES (?,?,?,?,?,?,?,?,?)",
                [(question_id, self._fingerprint, *figures) for question_id, *figures in records],
            )
            self._connection.executemany(mark, [(record.question_id,) for record in records])

    def asked_again(self) -> set[str]:
        """Ids of the questions that are to be led once more."""
        with self._naming_trouble():
            return {question_id for (question_id,) in self._connection.execute("SELECT question_id FROM asked_again")}

    def get(self, question: Question) -> Outcome | None:
        """What became of a question, `None` if it is not finished.

        Raises:
            OutcomeDamaged: Its record holds something else.
        """
        paths = self._paths(question.id)
        return None if paths is None else Outcome(question, *paths)

    def _paths(self, question_id: str) -> tuple[tuple[GradedPath, ...], tuple[GradedPath, ...]] | None:
        statement = "SELECT record FROM outcomes WHERE question_id = ? AND fingerprint = ?"
        with self._naming_trouble():
            row = self._connection.execute(statement, (question_id, self._fingerprint)).fetchone()
        if row is None:
            return None
        try:
            return unpacked_paths(row[0])
        except ValueError as error:
            raise OutcomeDamaged(
                f"{self._path}: is damaged (question {question_id}: {error}). It is derived from the ledger: rerun the "
                "command to derive it again."
            ) from error

    def counted(self, question_ids: Iterable[str]) -> Iterator[tuple[str, list[Chain]]]:
        """The finished ones among questions, each with what is counted of its chains; hardly any text is read for it.

        Raises:
            OutcomeDamaged: The record of a question holds something else.
        """
        has_column = self._connection.execute(f"{_COLUMNS} WHERE name = 'counted'").fetchone() is not None
        column = "counted" if has_column else "NULL"
        statement = f"SELECT question_id, {column} FROM outcomes WHERE fingerprint = ?"
        with self._naming_trouble():
            known = dict(self._connection.execute(statement, (self._fingerprint,)))
        for question_id in question_ids:
            if question_id in known:
                yield question_id, self._counted(question_id, known[question_id])

    def _counted(self, question_id: str, text: Any) -> list[Chain]:
        """What is counted of a question's chains, out of its record where it is not written down or is damaged."""
        if isinstance(text, str):
            with suppress(ValueError):
                return counted_from_json(text)
        paths = self._paths(question_id)
        return [] if paths is None else counted(*paths)

    def forget_damaged(self, questions: Iterable[Question]) -> list[str]:
        """Removes the outcomes that hold something else, so that they are derived again; returns their questions."""
        forgotten = []
        for question in questions:
            try:
                self.get(question)
            except OutcomeDamaged:
                forgotten.append(question.id)
                with self._naming_trouble():
                    self._connection.execute("DELETE FROM outcomes WHERE question_id = ?", (question.id,))
        return forgotten

    def forget_others(self, questions: Iterable[str]) -> None:
        """Removes the outcomes of questions that are not among these: the run does not ask them any more."""
        kept = set(questions)
        with self._naming_trouble():
            known = [name for (name,) in self._connection.execute("SELECT question_id FROM outcomes")]
            gone = [(name,) for name in known if name not in kept]
            self._connection.executemany("DELETE FROM outcomes WHERE question_id = ?", gone)
            self._connection.executemany("DELETE FROM asked_again WHERE question_id = ?", gone)

    def finished(self) -> set[str]:
        """Ids of the finished questions."""
        statement = "SELECT question_id FROM outcomes WHERE fingerprint = ?"
        with self._naming_trouble():
            return {question_id for (question_id,) in self._connection.execute(statement, (self._fingerprint,))}

    def counts(self, without: Iterable[str] = ()) -> Counts:
        """Sums over the finished questions but those of the ids in `without`; no path is read for it."""
        statement = (
            "SELECT count(*), sum(kept > 0), sum(kept), sum(chains), sum(correct), sum(incorrect), sum(unparsed) "
            "FROM outcomes WHERE fingerprint = ?"
        )
        with self._naming_trouble():
            sums = [value or 0 for value in self._connection.execute(statement, (self._fingerprint,)).fetchone()]
            for question_id in without:
                row = self._connection.execute(f"{statement} AND question_id = ?", (self._fingerprint, question_id))
                sums = [value - (less or 0) for value, less in zip(sums, row.fetchone(), strict=True)]
        return Counts(*sums)

    def in_order(self, questions: Iterable[Question]) -> Iterator[Outcome]:
        """The finished ones among questions, in their order, one at a time."""
        for question in questions:
            outcome = self.get(question)
            if outcome is not None:
                yield outcome

    @contextmanager
    def _naming_trouble(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise _unusable(self._path, error) from error


def _is_damaged(path: FilePath) -> bool:
    """Whether the file cannot be read as outcomes; every page is looked at, what the records hold is not."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
        with closing(connection):
            connection.execute("SELECT count(*), sum(length(fingerprint)), sum(kept) FROM outcomes").fetchone()
            return bool(connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",))
    except sqlite3.OperationalError as error:
        return "no such" in str(error)  # a table or column; else in use or out of reach, but not known to be damaged
    except sqlite3.DatabaseError:
        return True


def _unusable(path: FilePath, error: Exception) -> RunError:
    return RunError(
        f"{path}: cannot be used ({error}). It is derived from the ledger: if there is room on the disk and no other "
        "process uses it, delete it and rerun the command: nothing is requested twice."
    )


def fingerprint(*parts: Any) -> str:
    """A hash of what outcomes are derived by: the given parts and the source of the rooms that judge."""
    body = json.dumps([*parts, _source_digest()], sort_keys=True, default=str)
    return hashlib.blake2b(body.encode(), digest_size=12).hexdigest()


@cache
def _source_digest() -> str:
    digest = hashlib.blake2b(digest_size=12)
    for name in _DERIVING_CODE:
        for source, content in sorted(_sources(resources.files("regenesis").joinpath(name), name)):
            digest.update(source.encode() + content)
    return digest.hexdigest()


def _sources(entry: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    if entry.is_dir():
        for inner in entry.iterdir():
            yield from _sources(inner, f"{name}/{inner.name}")
    elif name.endswith(".py"):
        yield name, entry.read_bytes()


def _connect(path: FilePath) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")  # derived from the ledger, so durability is not needed
    connection.execute("PRAGMA cache_size = -8192")  # negative: KiB
    connection.execute(_SCHEMA)
    if connection.execute(f"{_COLUMNS} WHERE name = 'counted'").fetchone() is None:
        connection.execute("ALTER TABLE outcomes ADD COLUMN counted TEXT")
    connection.execute(_SCHEMA_OF_MARKS)
    return connection
