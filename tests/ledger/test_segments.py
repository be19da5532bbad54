"""Segments: what is sealed of a ledger, and how it comes into another one."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.helpers.ledgers import filled
from tests.helpers.played import completion, request

from regenesis.errors import LedgerError
from regenesis.ledger import Ledger
from regenesis.ledger import segments as module
from regenesis.ledger.segments import Sealer, absorb, rows_in, segments_of
from regenesis.storage import Folder, open_folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path / "segments")


def taken_in(path: Path, folder: Folder) -> None:
    async def take() -> None:
        with Ledger.open(path) as ledger:
            await absorb(ledger, rows_in(folder))

    asyncio.run(take())


def spoil(path: Path, key: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE completions SET text = 'spoilt' WHERE key = ?", (key,))


def test_a_ledger_comes_back_from_its_segments(tmp_path: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGEST", 40)
    monkeypatch.setattr(module, "_BATCH", 64)
    keys = filled(tmp_path / "there.sqlite", 300)
    assert Sealer(tmp_path / "there.sqlite", folder).seal() == 300
    assert len(segments_of(folder)) == 8
    taken_in(tmp_path / "here.sqlite", folder)
    with Ledger.read(tmp_path / "there.sqlite") as there, Ledger.read(tmp_path / "here.sqlite") as here:
        assert [here.get(key) for key in keys] == [there.get(key) for key in keys]
        assert here.totals() == there.totals()


def test_rows_of_small_segments_come_together(tmp_path: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGEST", 1)
    filled(tmp_path / "there.sqlite", 30)
    Sealer(tmp_path / "there.sqlite", folder).seal()
    assert [len(rows.values) for rows in rows_in(folder)] == [30]


def test_of_keys_that_are_there_already_none_is_counted_twice(tmp_path: Path, folder: Folder) -> None:
    filled(tmp_path / "there.sqlite", 330)
    filled(tmp_path / "here.sqlite", 120)
    Sealer(tmp_path / "there.sqlite", folder).seal()
    for _ in range(2):
        taken_in(tmp_path / "here.sqlite", folder)
    with Ledger.read(tmp_path / "there.sqlite") as there, Ledger.read(tmp_path / "here.sqlite") as here:
        assert here.totals() == there.totals()
        assert sorted(here.keys()) == sorted(there.keys())


def test_a_segment_with_columns_that_are_not_known_is_refused(tmp_path: Path, folder: Folder) -> None:
    import pyarrow
    from pyarrow import parquet

    filled(tmp_path / "there.sqlite", 3)
    Sealer(tmp_path / "there.sqlite", folder).seal()
    (name,) = segments_of(folder)
    table = parquet.read_table(io.BytesIO(folder.read(name)))
    sink = io.BytesIO()
    parquet.write_table(table.append_column("key) VALUES (1); --", pyarrow.array([1, 2, 3])), sink)
    other = f"{hashlib.sha256(sink.getvalue()).hexdigest()}.parquet"
    folder.write(other, sink.getvalue())
    folder.write("segments.json", json.dumps([other]).encode())
    assert other in segments_of(folder)
    with pytest.raises(LedgerError, match=f"{other}: holds columns that are not known here"):
        list(rows_in(folder, [other]))


def test_a_damaged_row_is_not_sealed(tmp_path: Path, folder: Folder) -> None:
    keys = filled(tmp_path / "there.sqlite", 30)
    spoil(tmp_path / "there.sqlite", keys[3])
    assert Sealer(tmp_path / "there.sqlite", folder).seal() == 29
    assert {key for rows in rows_in(folder) for key in rows.column("key")} == {*keys} - {keys[3]}


async def test_a_row_that_is_damaged_here_makes_way_for_the_sealed_one(tmp_path: Path, folder: Folder) -> None:
    async def write(path: Path) -> None:
        with Ledger.open(path) as ledger:
            await asyncio.gather(*(ledger.put(request(seed=seed), completion(f"Answer {seed}")) for seed in range(9)))

    for name in ("here", "there"):
        await write(tmp_path / f"{name}.sqlite")
    Sealer(tmp_path / "there.sqlite", folder).seal()
    key = request(seed=4).key
    spoil(tmp_path / "here.sqlite", key)
    with Ledger.open(tmp_path / "here.sqlite") as ledger:
        assert ledger.get(key) is None
        await absorb(ledger, rows_in(folder))
        assert ledger.get(key) == completion("Answer 4")
        assert ledger.totals()["solve"].completions == 9
