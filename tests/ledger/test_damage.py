"""What is found of a ledger that changed on disk, and what is done about it."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.script import play_arithmetic
from tests.fixtures.scripted_server import ScriptedServer
from tests.helpers.ledgers import contents, filled
from tests.helpers.played import PlayedEngine, completion, request
from tests.helpers.runs import toy_config, train_bytes, write_questions

from regenesis.errors import LedgerError
from regenesis.ledger import Ledger
from regenesis.runs import RunDirectory, synthesize

BEGUN_BEFORE = Path(__file__).parents[1] / "fixtures" / "begun_before" / "run" / "ledger.sqlite"


def change(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute(statement)
    database.close()


COLUMNS: list[tuple[str, str]] = [
    ("text", "'Answer 7?'"),
    ("text", "x'ff41'"),
    ("text", "CAST(x'ff41' AS TEXT)"),
    ("request", "x'00'"),
    ("question_id", "'another'"),
    ("stage", "'adapt'"),
    ("finish_reason", "'length'"),
    ("prompt_tokens", "11"),
    ("completion_tokens", "'many'"),
    ("engine", "'another'"),
    ("seconds", "0.02"),
    ("error", "''"),
    ("recorded", "recorded + 1"),
    ("checksum", "checksum + 1"),
]


@pytest.mark.parametrize(("column", "value"), COLUMNS)
async def test_a_row_that_was_changed_is_owed_again_and_replaced(tmp_path: Path, column: str, value: str) -> None:
    path = tmp_path / "ledger.sqlite"
    asked = request(seed=7)
    with Ledger.open(path) as ledger:
        await asyncio.gather(*(ledger.put(request(seed=seed), completion(f"Answer {seed}")) for seed in range(20)))
    change(path, f"UPDATE completions SET {column} = {value} WHERE key = '{asked.key}'")
    with Ledger.open(path) as ledger:
        assert ledger.get(asked.key) is None
        assert ledger.request(asked.key) is None
        assert ledger.damaged == 1
        await ledger.put(asked, completion("Answer anew"))
        await ledger.put(asked, completion("Answer too late"))
        assert ledger.get(asked.key) == completion("Answer anew")
        assert ledger.totals()["solve"].completions == 20
    with Ledger.open(path) as ledger:
        assert ledger.get(asked.key) == completion("Answer anew")
        assert ledger.damaged == 0


@pytest.mark.parametrize(
    ("column", "value"), [("text", "x'ff41'"), ("text", "CAST(x'ff41' AS TEXT)"), ("error", "x'00'")]
)
def test_of_a_row_without_a_checksum_what_can_be_told_is_told(tmp_path: Path, column: str, value: str) -> None:
    path = tmp_path / "ledger.sqlite"
    shutil.copy(BEGUN_BEFORE, path)
    with Ledger.read(path) as ledger:
        key = next(ledger.keys())
        assert ledger.get(key) is not None
    change(path, f"UPDATE completions SET {column} = {value} WHERE key = '{key}'")
    for opened in (Ledger.read, Ledger.open):
        with opened(path) as ledger:
            assert ledger.get(key) is None
            assert ledger.damaged == 1


async def test_a_ledger_of_the_first_format_keeps_its_rows_and_gets_checksums_for_new_ones(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    shutil.copy(BEGUN_BEFORE, path)
    with Ledger.read(path) as before:
        held = {key: before.get(key) for key in list(before.keys())}
        totals = before.totals()
    assert None not in held.values()
    assert path.read_bytes() == BEGUN_BEFORE.read_bytes()
    with Ledger.open(path) as ledger:
        assert {key: ledger.get(key) for key in held} == held
        assert ledger.totals() == totals
        await ledger.put(request(), completion("new"))
    change(path, f"UPDATE completions SET text = 'changed' WHERE key = '{request().key}'")
    with Ledger.open(path) as ledger:
        assert ledger.get(request().key) is None


@pytest.mark.parametrize("seed", range(40))
def test_after_any_flipped_bit_every_completion_is_right_or_owed_or_the_ledger_refused(
    tmp_path: Path, seed: int
) -> None:
    path = tmp_path / "ledger.sqlite"
    keys = filled(path, 40)
    drawn = random.Random(seed)
    flipped = bytearray(path.read_bytes())
    flipped[drawn.randrange(100, len(flipped))] ^= 1 << drawn.randrange(8)
    path.write_bytes(flipped)
    before = contents(tmp_path)
    owed = 0
    try:
        with Ledger.open(path) as ledger:
            for number, key in enumerate(keys):
                found = ledger.get(key)
                owed += found is None
                assert found is None or found == completion(f"Answer {number}")
            assert ledger.damaged == owed
    except LedgerError:
        pass
    assert contents(tmp_path) == before


@pytest.mark.parametrize("seed", range(10))
def test_a_damaged_page_is_found_before_anything_is_read_or_written(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "ledger.sqlite"
    filled(path, 300)
    drawn = random.Random(seed)
    with path.open("r+b") as file:
        file.seek(4096 * drawn.randrange(1, path.stat().st_size // 4096))
        file.write(drawn.randbytes(4096))
    before = contents(tmp_path)
    with pytest.raises(LedgerError, match="damaged"):
        Ledger.open(path)
    assert contents(tmp_path) == before


async def test_once_damage_is_met_nothing_more_is_written(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    await asyncio.to_thread(filled, path, 300)
    with Ledger.open(path) as ledger:
        noise = random.Random(1).randbytes(4096)
        with path.open("r+b") as file:
            for page in range(1, path.stat().st_size // 4096):
                file.seek(4096 * page)
                file.write(noise)
        before = contents(tmp_path)
        with pytest.raises(LedgerError, match="damaged"):
            ledger.get(request(seed=9999).key)
        with pytest.raises(LedgerError, match="damaged"):
            await ledger.put(request(seed=9999), completion("late"))
    assert contents(tmp_path) == before


def remove_file(path: Path) -> None:
    for file in path.parent.glob("ledger.sqlite*"):
        file.unlink()


def remove_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def replace_file(path: Path) -> None:
    remove_file(path)
    Ledger.open(path).close()


GONE: list[Callable[[Path], None]] = [remove_file, remove_folder, replace_file]


@pytest.mark.parametrize("go", GONE)
async def test_into_a_ledger_that_is_gone_nothing_is_recorded(tmp_path: Path, go: Callable[[Path], None]) -> None:
    path = tmp_path / "run" / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        await ledger.put(request(), completion("text"))
        go(path)
        with pytest.raises(LedgerError, match="removed or replaced"):
            await ledger.put(request(seed=1), completion("text"))


@pytest.mark.parametrize("go", GONE)
async def test_a_run_whose_ledger_is_gone_stops_while_its_requests_are_still_under_way(
    tmp_path: Path, go: Callable[[Path], None]
) -> None:
    run = RunDirectory(tmp_path / "run")

    async def never(asked: Any) -> None:
        if len(engine.asked) == 21:
            go(run.ledger)
        if len(engine.asked) > 20:
            await asyncio.Event().wait()

    engine = PlayedEngine(before=never)
    with pytest.raises(LedgerError, match="removed or replaced") as raised:
        await synthesize(toy_config(write_questions(tmp_path, 8)), run.path, engine=engine)
    assert "nothing is requested twice" not in str(raised.value)
    assert len(engine.asked) <= 21 + 2 * engine.capacity


async def test_a_run_asks_again_what_was_damaged_and_says_so(tmp_path: Path) -> None:
    run, file = tmp_path / "run", write_questions(tmp_path, 4)
    async with ScriptedServer(answer=play_arithmetic) as server:
        config = toy_config(file, server.base_url)
        first = await synthesize(config, run)
        data = train_bytes(run)
        change(run / "ledger.sqlite", "UPDATE completions SET text = replace(text, '1', '2') WHERE rowid % 5 = 0")
        RunDirectory(run).outcomes.unlink()
        again = await synthesize(config, run)
    assert first.damaged == 0
    assert again.damaged == again.requests_sent > 0
    assert train_bytes(run) == data
