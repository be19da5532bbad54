"""Outcomes as files beside a shard's segments: what is in them, and that damage to them costs nothing but time."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.helpers.played import question
from tests.store.test_outcomes import filled, outcome

from regenesis.storage import open_folder
from regenesis.store import sealed_outcomes as module
from regenesis.store.outcomes import OutcomeStore
from regenesis.store.sealed_outcomes import outcomes_in, seal_outcomes


def sealed_ids(folder: Path, mark: str = "mark") -> list[str]:
    return [one.question_id for records in outcomes_in([open_folder(folder)], mark) for one in records]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "segments"


def test_what_is_taken_over_is_what_was_sealed(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TOGETHER", 2)
    there = filled(tmp_path / "there.sqlite", 5)
    assert seal_outcomes(tmp_path / "there.sqlite", open_folder(folder)) == 5
    assert len(list(folder.glob("outcomes-*.parquet"))) == 3
    here = OutcomeStore.open(tmp_path / "here.sqlite", "mark")
    for records in outcomes_in([open_folder(folder)], here.fingerprint):
        here.take_over(records)
    assert [here.get(question(number)) for number in range(5)] == [there.get(question(number)) for number in range(5)]
    assert here.counts() == there.counts()
    assert list(here.counted([question(3).id])) == list(there.counted([question(3).id]))


def test_what_is_finished_here_stays_unless_it_is_to_be_led_once_more(tmp_path: Path, folder: Path) -> None:
    filled(tmp_path / "there.sqlite", 2)
    seal_outcomes(tmp_path / "there.sqlite", open_folder(folder))
    here = OutcomeStore.open(tmp_path / "here.sqlite", "mark")
    here.put(outcome(0, text="own"))
    here.put(outcome(1, text="cut short"), ask_again=True)
    for records in outcomes_in([open_folder(folder)], "mark"):
        here.take_over(records)
    assert here.get(question(0)) == outcome(0, text="own")
    assert here.get(question(1)) != outcome(1, text="cut short")
    assert here.asked_again() == set()


def test_questions_that_are_to_be_led_once_more_are_not_sealed(tmp_path: Path, folder: Path) -> None:
    filled(tmp_path / "there.sqlite", 2).put(outcome(7), ask_again=True)
    seal_outcomes(tmp_path / "there.sqlite", open_folder(folder))
    assert sealed_ids(folder) == [question(0).id, question(1).id]


def test_only_the_latest_fingerprint_is_sealed_and_found(tmp_path: Path, folder: Path) -> None:
    filled(tmp_path / "there.sqlite", 3, mark="before")
    OutcomeStore.open(tmp_path / "there.sqlite", "mark").put(outcome(1))
    seal_outcomes(tmp_path / "there.sqlite", open_folder(folder))
    assert sealed_ids(folder, "before") == []
    assert sealed_ids(folder) == [question(1).id]


def test_what_an_earlier_stop_has_sealed_makes_way(tmp_path: Path, folder: Path) -> None:
    store = filled(tmp_path / "there.sqlite", 2)
    seal_outcomes(tmp_path / "there.sqlite", open_folder(folder))
    store.put(outcome(2))
    seal_outcomes(tmp_path / "there.sqlite", open_folder(folder))
    assert len(sealed_ids(folder)) == 3
    assert len(list(folder.glob("outcomes-*.parquet"))) == 1


def test_nothing_is_sealed_of_a_stage_without_outcomes(tmp_path: Path, folder: Path) -> None:
    assert seal_outcomes(tmp_path / "none.sqlite", open_folder(folder)) == 0
    OutcomeStore.open(tmp_path / "empty.sqlite", "mark").close()
    assert seal_outcomes(tmp_path / "empty.sqlite", open_folder(folder)) == 0
    assert not folder.exists()


@pytest.mark.parametrize(
    "listed",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"fingerprint": "mark", "files": 3}',
        '{"fingerprint": "mark", "files": ["../../outcomes.parquet", 3, null]}',
        '{"fingerprint": ["mark"], "files": []}',
    ],
)
def test_a_damaged_list_counts_as_none(tmp_path: Path, folder: Path, listed: str) -> None:
    filled(tmp_path / "there.sqlite", 2)
    seal_outcomes(tmp_path / "there.sqlite", open_folder(folder))
    (folder / "outcomes.json").write_text(listed)
    assert sealed_ids(folder) == []


@pytest.mark.parametrize("damage", ["missing", "changed", "no Parquet"])
def test_a_damaged_file_is_passed_over(
    tmp_path: Path, folder: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TOGETHER", 2)
    filled(tmp_path / "there.sqlite", 4)
    seal_outcomes(tmp_path / "there.sqlite", open_folder(folder))
    first = folder / json.loads((folder / "outcomes.json").read_text())["files"][0]
    if damage == "missing":
        first.unlink()
    else:
        first.write_bytes(first.read_bytes()[:-9] + b"123456789" if damage == "changed" else b"PAR1")
    assert sealed_ids(folder) == [question(2).id, question(3).id]


def test_outcomes_of_an_older_format_are_sealed_too(tmp_path: Path, folder: Path) -> None:
    filled(tmp_path / "there.sqlite", 2).close()
    with closing(sqlite3.connect(tmp_path / "there.sqlite")) as connection, connection:
        connection.execute("UPDATE outcomes SET counted = NULL")
    seal_outcomes(tmp_path / "there.sqlite", open_folder(folder))
    here = OutcomeStore.open(tmp_path / "here.sqlite", "mark")
    for records in outcomes_in([open_folder(folder)], "mark"):
        here.take_over(records)
    assert len(list(here.counted([question(0).id, question(1).id]))) == 2
