from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.ledgers import filled
from tests.helpers.played import completion, request

from regenesis.ledger import Ledger, seen
from regenesis.ledger.rows import Rows, row_of, sealed
from regenesis.ledger.seen import Seen

KEYS = st.text(max_size=40) | st.binary(max_size=16).map(bytes.hex)


def none() -> Iterator[str]:
    yield from ()


@given(before=st.lists(KEYS), put=st.lists(KEYS), absorbed=st.lists(KEYS), late=st.lists(KEYS))
@settings(deadline=None)
def test_no_key_that_was_added_is_ever_said_to_be_missing(
    before: list[str], put: list[str], absorbed: list[str], late: list[str]
) -> None:
    marks = Seen()
    for key in put:
        marks.add(key)
    marks.fill(len(before), lambda: before)
    marks.add_all(absorbed)
    marks.fill(0, none)  # comes too late to forget anything
    for key in late:
        marks.add(key)
    assert not any(marks.lacks(key) for key in (*before, *put, *absorbed, *late))


def test_most_keys_that_were_not_added_are_known_to_be_missing() -> None:
    marks = Seen()
    marks.fill(1000, lambda: map(str, range(1000)))
    assert sum(marks.lacks(str(number)) for number in range(1000, 2000)) > 950


def test_nothing_is_missing_before_the_keys_that_are_there_are_known() -> None:
    marks = Seen()
    marks.add("a")
    assert not marks.lacks("b")


def test_keys_that_are_too_many_are_not_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "_MOST", 10)

    def unread() -> Iterator[str]:
        raise AssertionError

    marks = Seen()
    marks.fill(11, unread)
    marks.fill(1, unread)
    assert not marks.lacks("a")


@given(
    before=st.sets(st.integers(0, 9), max_size=4),
    steps=st.lists(st.tuples(st.sampled_from(["get", "put", "absorb"]), st.integers(0, 9)), max_size=8),
)
@settings(max_examples=15, deadline=None)
def test_a_ledger_finds_whatever_is_recorded_in_any_way(before: set[int], steps: list[tuple[str, int]]) -> None:
    async def check(path: Path) -> None:
        with Ledger.open(path) as ledger:
            await asyncio.gather(*(ledger.put(request(seed=seed), completion("text")) for seed in before))
        recorded = set(before)
        with Ledger.open(path) as ledger:
            for step, seed in steps:
                asked = request(seed=seed)
                if step == "put":
                    await ledger.put(asked, completion("text"))
                elif step == "absorb":
                    row = sealed(row_of(asked, completion("text")))
                    await ledger.absorb(Rows(tuple(row), [tuple(row.values())]))
                if step != "get":
                    recorded.add(seed)
                assert {one for one in range(10) if ledger.get(request(seed=one).key) is not None} == recorded

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(Path(folder) / "ledger.sqlite"))


def test_a_key_that_is_missing_is_looked_up_once_and_then_needs_no_query(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    keys = filled(path, 20)
    with Ledger.open(path) as ledger:
        assert ledger.get(request(seed=1000).key) is None
        queries: list[str] = []
        ledger._reader.set_trace_callback(queries.append)
        assert ledger.get(request(seed=1000).key) is None
        assert not queries
        assert ledger.get(keys[0]) is not None
        assert queries


def test_a_ledger_that_is_looked_at_finds_what_another_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    filled(path, 3)
    late = request(seed=1000)
    with Ledger.read(path) as looking:
        assert looking.get(late.key) is None

        async def put() -> None:
            with Ledger.open(path) as writing:
                await writing.put(late, completion("late"))

        asyncio.run(put())
        assert looking.get(late.key) == completion("late")


def test_a_damaged_row_is_still_told_from_one_that_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    keys = filled(path, 5)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE completions SET text = 'spoilt' WHERE key = ?", (keys[0],))
    database.close()
    with Ledger.open(path) as ledger:
        assert ledger.get(request(seed=1000).key) is None
        assert ledger.get(keys[0]) is None
        assert ledger.damaged == 1
