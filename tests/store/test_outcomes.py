from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.helpers.played import question

from regenesis.curation.counted import Chain, counted
from regenesis.errors import RunError
from regenesis.methods import Outcome
from regenesis.store import outcomes as module
from regenesis.store.outcomes import OutcomeStore, fingerprint
from regenesis.types import GradedPath, ReasoningPath, Verdict


def outcome(number: int, *, text: str = "A path é \ud800") -> Outcome:
    paths = [
        ReasoningPath(
            f"toy/train/{number}", "regenesis", name, False, (("adapt", "k1", "a"), ("solve", "k2", text)), text, 9
        )
        for name in ("one", "two", "three")
    ]
    judged = (
        GradedPath(paths[0], Verdict("correct", "42", "why", "rule"), None, "cleaned"),
        GradedPath(replace(paths[1], retries=("solve",)), Verdict("incorrect", "41", "why", "rule"), "leak", "cleaned"),
        GradedPath(
            replace(paths[2], defect="broken_solve"), Verdict("unparsed", None, "why", "rule"), "broken_solve", ""
        ),
    )
    return Outcome(question(number), judged, judged[:1])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outcomes.sqlite"


def filled(path: Path, count: int = 5, mark: str = "mark") -> OutcomeStore:
    store = OutcomeStore.open(path, mark)
    for number in range(count):
        store.put(outcome(number, text=random.Random(number).randbytes(3000).hex()))
    return store


def test_an_outcome_comes_back_as_it_was(path: Path) -> None:
    store = OutcomeStore.open(path, "mark")
    assert store.get(question(1)) is None
    store.put(outcome(1))
    store.close()
    assert OutcomeStore.open(path, "mark").get(question(1)) == outcome(1)


def test_outcomes_are_counted_without_reading_them(path: Path) -> None:
    counts = filled(path).counts()
    assert (counts.questions, counts.served, counts.kept, counts.chains) == (5, 5, 5, 15)
    assert (counts.correct, counts.incorrect, counts.unparsed) == (5, 5, 5)


def test_outcomes_come_in_the_order_asked_for_and_only_those_there_are(path: Path) -> None:
    store = filled(path, 4)
    wanted = [question(number) for number in (3, 9, 0, 2)]
    assert [one.question.id for one in store.in_order(wanted)] == ["toy/train/3", "toy/train/0", "toy/train/2"]


def test_under_another_fingerprint_nothing_is_finished(path: Path) -> None:
    filled(path).close()
    other = OutcomeStore.open(path, "other")
    assert other.finished() == set()
    assert other.counts().questions == 0
    assert other.get(question(0)) is None
    other.put(outcome(0))
    assert other.finished() == {"toy/train/0"}


def test_the_latest_is_what_was_derived_last(path: Path) -> None:
    filled(path, mark="old").close()
    filled(path, 2, mark="new").close()
    assert OutcomeStore.latest(path).finished() == {"toy/train/0", "toy/train/1"}


def test_looking_makes_and_changes_nothing(path: Path) -> None:
    assert OutcomeStore.latest(path).counts().questions == 0
    assert not path.exists()
    filled(path).close()
    before = path.read_bytes()
    OutcomeStore.latest(path).close()
    assert path.read_bytes() == before


def noise(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(30_000))


def noise_behind_the_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(random.Random(1).randbytes(path.stat().st_size - 4096))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def of_another_shape(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE outcomes (id INTEGER)")


@pytest.mark.parametrize("spoil", [noise, noise_behind_the_header, emptied, cut, of_another_shape])
def test_outcomes_that_are_damaged_are_made_again(path: Path, spoil: Callable[[Path], None]) -> None:
    filled(path, 40).close()
    spoil(path)
    store = OutcomeStore.open(path, "mark")
    assert store.finished() == set()
    store.put(outcome(3))
    assert store.get(question(3)) == outcome(3)


@pytest.mark.parametrize("spoil", [noise, noise_behind_the_header])
def test_looking_at_damaged_outcomes_says_so_and_leaves_them(path: Path, spoil: Callable[[Path], None]) -> None:
    filled(path, 40).close()
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(RunError, match="delete it and rerun the command"):
        list(OutcomeStore.latest(path).in_order([question(number) for number in range(40)]))
    assert path.read_bytes() == before


def test_a_record_that_is_damaged_inside_is_named(path: Path) -> None:
    filled(path).close()
    with sqlite3.connect(path) as other:
        other.execute("UPDATE outcomes SET record = zeroblob(100) WHERE question_id = 'toy/train/2'")
    store = OutcomeStore.open(path, "mark")
    with pytest.raises(RunError, match="rerun the command to derive it again"):
        store.get(question(2))


def test_a_store_in_use_is_not_thrown_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path).close()
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **kwargs: connect(*args, **{**kwargs, "timeout": 0.01}))
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RunError, match="locked"):
            OutcomeStore.open(path, "mark")
        other.execute("ROLLBACK")
    other.close()
    assert len(OutcomeStore.open(path, "mark").finished()) == 5


def test_a_fingerprint_tells_every_part_apart_and_is_the_same_twice() -> None:
    assert fingerprint(1, {"a": 1, "b": 2}) == fingerprint(1, {"b": 2, "a": 1})
    assert len({fingerprint(1), fingerprint(2), fingerprint(1, None), fingerprint("1"), fingerprint(1, [])}) == 5


@pytest.mark.parametrize(
    "source", ["answers/grading.py", "curation/leaks.py", "methods/regenesis/chain.py", "synthesis/judging.py"]
)
def test_a_fingerprint_covers_the_code_that_judges(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_source_digest", module._source_digest.__wrapped__)
    before = fingerprint(1)
    sources = module._sources

    def changed(entry: object, name: str) -> object:
        for found, content in sources(entry, name):  # type: ignore[arg-type]
            yield found, content + (b" " if found == source else b"")

    monkeypatch.setattr(module, "_sources", changed)
    assert fingerprint(1) != before


def of_chains(found: Outcome) -> list[Chain]:
    return counted(found.judged, found.kept)


def test_chains_are_counted_as_the_outcomes_have_them(path: Path) -> None:
    store = filled(path, 2)
    found = list(store.counted([question(number).id for number in range(3)]))
    assert found == [(question(number).id, of_chains(outcome(number))) for number in range(2)]


@pytest.mark.parametrize("spoiled", ["NULL", "'[[1]]'", "'{'", '\'[[1, true, "correct", "", null, true, 9, []]]\''])
def test_chains_whose_counts_are_missing_or_damaged_are_counted_from_the_record(path: Path, spoiled: str) -> None:
    filled(path, 1).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE outcomes SET counted = {spoiled}")
    [(_, chains)] = OutcomeStore.latest(path).counted([question(0).id])
    assert chains == of_chains(outcome(0))


def test_a_file_from_before_chains_were_counted_is_read_and_written_to(path: Path) -> None:
    filled(path, 1).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE outcomes DROP COLUMN counted")
    assert len(list(OutcomeStore.latest(path).counted([question(0).id]))) == 1
    store = OutcomeStore.open(path, "mark")
    store.put(outcome(1))
    assert [name for name, _ in store.counted([question(0).id, question(1).id])] == [question(0).id, question(1).id]
