from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.ledgers import contents, filled
from tests.helpers.played import REFUSED, completion, request

from regenesis.errors import LedgerError
from regenesis.ledger import Ledger, StageTotals
from regenesis.types import Completion, Message

ROOT = Path(__file__).resolve().parents[2]


async def test_a_completion_is_found_again_under_its_key(tmp_path: Path) -> None:
    asked, came = request(), Completion("Text é \x00 \U0001f600", "length", 12, 34, "played", 1.25, error=None)
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.get(asked.key) is None
        await ledger.put(asked, came)
        assert ledger.get(asked.key) == came
    with Ledger.read(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.get(asked.key) == came
        assert ledger.request(asked.key) == json.loads(json.dumps(asked.to_json()))
        assert list(ledger.keys()) == [asked.key]
        assert ledger.request("0" * 32) is None


async def test_the_same_key_twice_keeps_the_first_and_counts_once(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        await asyncio.gather(*(ledger.put(request(), completion(text)) for text in ("first", "second")))
        await ledger.put(request(), completion("third"))
        found = ledger.get(request().key)
        assert found is not None
        assert found.text == "first"
        assert ledger.totals()["solve"].completions == 1


@pytest.mark.parametrize(
    ("asked", "came"),
    [
        (request(text="lone \ud800"), completion("lone \udfff surrogate")),
        (request(question_id="q\ud800"), completion("text")),
        (request(), Completion("", "filtered", 0, 0, "played", 0.1, error="said \ud83d")),
    ],
)
async def test_a_lone_surrogate_stops_nothing(tmp_path: Path, asked: Any, came: Completion) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        await ledger.put(asked, came)
        found = ledger.get(asked.key)
    assert found is not None
    assert "\ud800" not in found.text + str(found.error)


async def test_a_row_that_cannot_be_stored_is_an_error_and_not_a_wait_without_end(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        with pytest.raises(LedgerError, match="could not be recorded"):
            await ledger.put(request(), Completion("text", "stop", 2**80, 1, "played", 0.1))
        with pytest.raises(LedgerError, match="could not be recorded"):
            await ledger.put(request(seed=1), completion("after"))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 12),
            st.sampled_from(["adapt", "solve"]),
            st.sampled_from([REFUSED, completion("a"), completion("b" * 40, finish_reason="length")]),
        ),
        max_size=25,
    )
)
@settings(max_examples=25, deadline=None)
def test_totals_equal_the_sums_over_the_rows(rows: list[tuple[int, str, Completion]]) -> None:
    async def record(path: Path) -> dict[str, StageTotals]:
        with Ledger.open(path) as ledger:
            await asyncio.gather(*(ledger.put(request(seed=seed, stage=stage), came) for seed, stage, came in rows))
            return ledger.totals()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        totals = asyncio.run(record(path))
        summed = sqlite3.connect(path).execute(
            "SELECT stage, count(*), sum(finish_reason = 'refused'), sum(prompt_tokens), sum(completion_tokens) "
            "FROM completions GROUP BY stage"
        )
        assert totals == {stage: StageTotals(*sums) for stage, *sums in summed}


async def test_what_put_returned_for_is_visible_to_an_independent_connection(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        for seed in range(20):
            await ledger.put(request(seed=seed), completion("text"))
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as other:
                found = other.execute(
                    "SELECT text FROM completions WHERE key = ?", (request(seed=seed).key,)
                ).fetchone()
            assert found == ("text",)


async def test_completions_that_arrive_together_share_commits(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        committing, may_commit = threading.Event(), threading.Event()
        groups: list[int] = []
        commit = ledger._commit

        def held_back(connection: sqlite3.Connection, group: list[Any]) -> None:
            committing.set()
            may_commit.wait()
            groups.append(len(group))
            commit(connection, group)

        ledger._commit = held_back  # type: ignore[method-assign]
        first = asyncio.create_task(ledger.put(request(seed=0), completion("text")))
        await asyncio.to_thread(committing.wait)
        rest = [asyncio.create_task(ledger.put(request(seed=seed), completion("text"))) for seed in range(1, 201)]
        await asyncio.sleep(0)  # each has handed in its completion by now
        may_commit.set()
        await asyncio.gather(first, *rest)
        assert groups == [1, 200]
        assert ledger.totals()["solve"].completions == 201


def writer_process(path: Path, body: str) -> subprocess.Popen[str]:
    """A process that opens the ledger and runs a body which may print."""
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom regenesis.ledger import Ledger\n"
        "from tests.helpers.played import completion, request\n"
        "async def main():\n"
        f"    with Ledger.open(Path({str(path)!r})) as ledger:\n"
        + textwrap.indent(textwrap.dedent(body), " " * 8)
        + "\n"
        "asyncio.run(main())\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


FOREVER = """
seed = 0
while True:
    seeds = range(seed, seed + 5)
    await asyncio.gather(*(ledger.put(request(seed=one), completion('x' * 200)) for one in seeds))
    print(seed + 4, flush=True)
    seed += 5
"""


@pytest.mark.parametrize("lines", [1, 7, 40])
def test_after_kill_nine_all_that_put_returned_for_is_there(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "ledger.sqlite"
    with writer_process(path, FOREVER) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines()
    returned = int(rest[-1]) if rest else lines * 5 - 1
    with Ledger.open(path) as ledger:
        assert all(ledger.get(request(seed=seed).key) is not None for seed in range(returned + 1))


def test_killed_while_it_is_made_a_ledger_can_be_made_again(tmp_path: Path) -> None:
    # what is left if the process dies between the file's first page and its tables
    path = tmp_path / ".ledger.sqlite.new"
    with sqlite3.connect(path) as torn:
        torn.execute("PRAGMA journal_mode = WAL")
    Ledger.open(tmp_path / "ledger.sqlite").close()
    assert not path.exists()
    (tmp_path / "empty.sqlite").touch()
    Ledger.open(tmp_path / "empty.sqlite").close()


def test_a_ledger_can_be_read_while_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with writer_process(path, FOREVER) as process:
        assert process.stdout is not None
        seen = []
        for _ in range(10):
            written = int(process.stdout.readline())
            with Ledger.read(path) as ledger:
                seen.append(ledger.totals()["solve"].completions)
                assert seen[-1] > written
                assert ledger.get(request(seed=written).key) is not None
                assert len(list(ledger.keys())) >= seen[-1]
        process.kill()
    assert seen == sorted(seen)


def test_a_ledger_opened_to_look_at_takes_nothing(tmp_path: Path) -> None:
    filled(tmp_path / "ledger.sqlite", 3)

    async def put() -> None:
        with Ledger.read(tmp_path / "ledger.sqlite") as ledger:
            await ledger.put(request(), completion("text"))

    with pytest.raises(LedgerError, match="closed"):
        asyncio.run(put())


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


def cut_into_a_page(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1000)


def cut_the_header(path: Path) -> None:
    os.truncate(path, 50)


def foreign_database(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE completions (key TEXT PRIMARY KEY)")


def foreign_text(path: Path) -> None:
    path.write_text("key,text\n" * 100)


def another_version(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 7")


def overwrite_all_but_the_header(path: Path) -> None:
    noise = random.Random(1).randbytes(path.stat().st_size - 4096)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(noise)


def drop_rows(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM completions WHERE rowid % 2")


SPOILED: list[tuple[Callable[[Path], None], str]] = [
    (truncate, "damaged"),
    (cut_into_a_page, "damaged"),
    (cut_the_header, "not an SQLite file"),
    (foreign_database, "another program"),
    (foreign_text, "not an SQLite file"),
    (another_version, "format 7"),
    (overwrite_all_but_the_header, "damaged"),
    (drop_rows, "holds 150 completions where 300 were recorded"),
]


@pytest.mark.parametrize(("spoil", "said"), SPOILED, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("opened", [Ledger.open, Ledger.read])
def test_a_spoiled_ledger_is_refused_and_left_as_it_is(
    tmp_path: Path, spoil: Callable[[Path], None], said: str, opened: Callable[[Path], Ledger]
) -> None:
    path = tmp_path / "ledger.sqlite"
    filled(path)
    spoil(path)
    before = contents(tmp_path)
    with pytest.raises(LedgerError) as raised:
        opened(path)
    assert said in str(raised.value)
    assert str(path) in str(raised.value)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("seed", range(12))
def test_a_page_of_noise_is_met_with_an_error_or_harms_nothing_that_is_read(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "ledger.sqlite"
    keys = filled(path)
    drawn = random.Random(seed)
    page = drawn.randrange(1, path.stat().st_size // 4096)
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(drawn.randbytes(4096))
    before = contents(tmp_path)
    errors, wrong = 0, 0
    try:
        with Ledger.open(path) as ledger:
            for number, key in enumerate(keys):
                try:
                    found = ledger.get(key)
                    ledger.request(key)
                except LedgerError:
                    errors += 1
                else:
                    wrong += found is None or found.text != f"Answer {number}"
    except LedgerError:
        errors += 1
    assert errors
    assert not wrong
    assert contents(tmp_path) == before


def test_a_torn_file_beside_a_journal_is_noticed(tmp_path: Path) -> None:
    # as a copy made while the run was writing would be: the end of the file is missing, its journal is there
    path, copy = tmp_path / "ledger.sqlite", tmp_path / "copy" / "ledger.sqlite"
    copy.parent.mkdir()
    filled(path)

    async def go_on() -> None:
        with Ledger.open(path) as ledger:
            await ledger.put(request(seed=1000), completion("late"))
            copy.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            journal = path.with_name(path.name + "-wal")
            copy.with_name(copy.name + "-wal").write_bytes(journal.read_bytes())

    asyncio.run(go_on())
    before = contents(copy.parent)
    with pytest.raises(LedgerError, match="damaged"):
        Ledger.open(copy)
    assert contents(copy.parent) == before


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()], ids=["missing", "folder"])
def test_what_is_no_file_cannot_be_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "ledger.sqlite")
    with pytest.raises(LedgerError, match=r"ledger\.sqlite"):
        Ledger.read(tmp_path / "ledger.sqlite")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot be made"):
        Ledger.open(tmp_path / "file" / "ledger.sqlite")


UNTIL_FULL = """
from regenesis.errors import LedgerError
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
recorded = 0
try:
    for first in range(0, 5000, 10):
        seeds = range(first, first + 10)
        puts = [ledger.put(request(seed=one), completion('x' * 500)) for one in seeds]
        outcomes = await asyncio.gather(*puts, return_exceptions=True)
        recorded += sum(outcome is None for outcome in outcomes)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome
except LedgerError as error:
    print(recorded, error)
"""


def test_a_full_disk_is_an_error_loses_nothing_and_can_be_gone_on_from(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with writer_process(path, UNTIL_FULL) as process:
        printed, complaints = process.communicate(timeout=60)
    recorded, _, said = printed.partition(" ")
    assert "could not be recorded" in said, complaints
    assert "Check free space" in said
    assert int(recorded) > 50

    async def go_on() -> None:
        with Ledger.open(path) as ledger:
            assert all(ledger.get(request(seed=seed).key) is not None for seed in range(int(recorded)))
            await ledger.put(request(seed=9999), completion("room again"))
            assert ledger.get(request(seed=9999).key) == completion("room again")

    asyncio.run(go_on())


async def test_close_commits_what_still_waits(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.sqlite")
    puts = [asyncio.create_task(ledger.put(request(seed=seed), completion("text"))) for seed in range(50)]
    await asyncio.sleep(0)
    for put in puts:
        put.cancel()  # as an interrupt would
    ledger.close()
    ledger.close()
    await asyncio.gather(*puts, return_exceptions=True)
    with Ledger.read(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.totals()["solve"].completions == 50


async def test_a_large_chat_is_kept_whole(tmp_path: Path) -> None:
    asked = request(messages=[Message("user", "long " * 100_000), Message("assistant", "é" * 1000)])
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        await ledger.put(asked, completion("x" * 1_000_000))
        found, back = ledger.get(asked.key), ledger.request(asked.key)
    assert found is not None
    assert back is not None
    assert len(found.text) == 1_000_000
    assert back["messages"][0]["content"] == "long " * 100_000


async def test_a_refusal_that_an_earlier_version_recorded_counts_as_not_there_and_is_replaced(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        await ledger.put(request(), Completion("", "refused", 0, 0, "openai", 0.1, error="context length is 1024"))
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.get(request().key) is None
        assert ledger.totals()["solve"].refused == 1
        await ledger.put(request(), completion("an answer"))
        assert ledger.get(request().key) == completion("an answer")
        assert ledger.totals() == {"solve": StageTotals(1, 0, 10, 2)}


async def test_what_a_content_filter_withheld_before_stays_withheld(tmp_path: Path) -> None:
    words = "The response was filtered due to the content management policy"
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        await ledger.put(request(), Completion("", "refused", 0, 0, "openai", 0.1, error=words))
        found = ledger.get(request().key)
    assert found is not None
    assert found.finish_reason == "filtered"
