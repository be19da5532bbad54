"""Files of a run that are derived, damaged or planted: derived again, or named in a sentence."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import recorded_keys, train_bytes

from regenesis.config import RunConfig
from regenesis.databases import open_to_look, unpacked
from regenesis.errors import RegenesisError, RunError
from regenesis.ledger import Ledger
from regenesis.runs import read_status, synthesize
from regenesis.runs.status import read_outcomes
from regenesis.store.directory import read_json

Finished = tuple[Callable[..., RunConfig], Path]


def change_record(run: Path, edit: Callable[[Any], Any]) -> None:
    database = sqlite3.connect(run / "outcomes.sqlite")
    question, content = database.execute("SELECT question_id, record FROM outcomes LIMIT 1").fetchone()
    record = json.loads(zlib.decompress(content))
    edited = edit(record)
    packed = edited if isinstance(edited, bytes) else zlib.compress(json.dumps(record).encode())
    database.execute("UPDATE outcomes SET record = ? WHERE question_id = ?", (packed, question))
    database.commit()
    database.close()


RECORDS: dict[str, Callable[[Any], Any]] = {
    "kept that is not there": lambda record: record.update(kept=[999]),
    "kept below 0": lambda record: record.update(kept=[-1]),
    "kept that is no list": lambda record: record.update(kept=1.5),
    "no verdict": lambda record: record["judged"][0].pop("verdict") and None,
    "a verdict of another kind": lambda record: record["judged"][0]["verdict"].update(status="perfect"),
    "a text that is a number": lambda record: record["judged"][0]["path"].update(text=7),
    "tokens that are a text": lambda record: record["judged"][0]["path"].update(tokens="many"),
    "a step of two": lambda record: record["judged"][0]["path"].update(steps=[["adapt", "key"]]),
    "a training text that is none": lambda record: record["judged"][0].update(training_text=None),
    "an unknown field": lambda record: record["judged"][0]["path"].update(more=1),
    "another shape": lambda record: record.update(judged={"a": 1}),
    "deep": lambda _: zlib.compress(b"[" * 100_000),
    "no mapping": lambda _: zlib.compress(b"[]"),
    "cut off": lambda record: zlib.compress(json.dumps(record).encode())[:-10],
    "not compressed": lambda record: json.dumps(record).encode(),
    "a bomb": lambda _: zlib.compress(b" " * 200_000_000, 9),
}


@pytest.mark.parametrize("name", RECORDS)
async def test_a_damaged_outcome_is_derived_again_without_a_request(finished: Finished, name: str) -> None:
    config, run = finished
    data, engine = train_bytes(run), PlayedEngine()
    change_record(run, RECORDS[name])
    with pytest.raises(RunError, match=r"outcomes\.sqlite: is damaged"):
        list(read_outcomes(run))
    report = await synthesize(config(), run, engine=engine)
    assert report.complete
    assert engine.asked == []
    assert train_bytes(run) == data
    assert len(list(read_outcomes(run))) == report.questions


@pytest.mark.parametrize("page", range(1, 12))
async def test_outcomes_with_a_page_of_zeros_are_derived_again_without_a_request(finished: Finished, page: int) -> None:
    config, run = finished
    data, engine = train_bytes(run), PlayedEngine()
    content = (run / "outcomes.sqlite").read_bytes()
    pages = [content[at : at + 4096] for at in range(0, len(content), 4096)]
    pages[page % len(pages)] = bytes(4096)
    (run / "outcomes.sqlite").write_bytes(b"".join(pages))
    report = await synthesize(config(), run, engine=engine)
    assert (report.complete, engine.asked, train_bytes(run)) == (True, [], data)


def test_what_unpacks_to_too_much_takes_no_memory() -> None:
    bomb = zlib.compress(b"\0" * 100_000_000, 9)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="more than 1,000 bytes"):
        unpacked(bomb, 1000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


LOGS = [
    '{"event": "training_step", "step": null, "steps": "x"}\n',
    '{"event": ["training_step"], "elapsed_s": 1e400}\n',
    '{"elapsed_s": NaN}\n{"elapsed_s": true}\n{"elapsed_s": -5}\n',
    "[" * 100_000 + "\n",
    "\x00\n\n{}\n[1]\n",
    '{"event": "start", "elapsed_s": ' + "9" * 5000 + "}\n",
]


@pytest.mark.parametrize("log", LOGS)
def test_a_log_that_holds_nonsense_is_read_past(finished: Finished, log: str) -> None:
    _, run = finished
    (run / "log.jsonl").write_text('{"event": "start", "elapsed_s": 2.0}\n' + log, "utf-8")
    assert read_status(run).seconds >= 0


def test_a_summary_of_an_evaluation_that_holds_nonsense_says_nothing(finished: Finished) -> None:
    _, run = finished
    (run / "evaluation").mkdir(exist_ok=True)
    (run / "evaluation" / "summary.json").write_text('{"tasks": 5, "models": [{}]}', "utf-8")
    assert read_status(run).measured == {}


DOCUMENTS = [b"[" * 100_000, b"\xff\xfe", b"[]", b"{", b'{"a": ' + b"9" * 5000 + b"}"]


@pytest.mark.parametrize("content", DOCUMENTS)
@pytest.mark.parametrize("name", ["summary.json", "inputs.json", "config.yaml", "questions.parquet"])
async def test_a_file_that_holds_nonsense_is_named(finished: Finished, name: str, content: bytes) -> None:
    config, run = finished
    (run / name).write_bytes(content)
    said = []
    for look in (lambda: read_status(run), lambda: list(read_outcomes(run))):
        try:
            look()
        except RegenesisError as error:
            said.append(str(error))
    try:
        await synthesize(config(), run, engine=PlayedEngine())
    except RegenesisError as error:
        said.append(str(error))
    assert all(name in one for one in said)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.mkdir()])
def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "summary.json")
    with pytest.raises(RunError, match=r"summary\.json: is damaged"):
        read_json(tmp_path / "summary.json")


@pytest.mark.parametrize("journal", [False, True])
def test_a_database_is_read_in_a_folder_that_cannot_be_written(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: bool
) -> None:
    _, run = finished
    archive = tmp_path / "archive"
    archive.mkdir()
    if journal:
        # as a killed run leaves it: what was recorded last stands in the journal alone
        with sqlite3.connect(run / "ledger.sqlite") as writer:
            writer.execute("UPDATE completions SET engine = 'late'")
            writer.commit()
            for suffix in ("", "-wal"):
                shutil.copy(run / f"ledger.sqlite{suffix}", archive)
        writer.close()
    else:
        shutil.copy(run / "ledger.sqlite", archive)
    before = sorted(path.name for path in archive.iterdir())
    monkeypatch.setattr(os, "access", lambda *_: False)
    connection = open_to_look(archive / "ledger.sqlite")
    engines = {engine for (engine,) in connection.execute("SELECT DISTINCT engine FROM completions")}
    connection.close()
    assert engines == ({"late"} if journal else {"played"})
    assert sorted(path.name for path in archive.iterdir()) == before
    if not journal:
        with Ledger.read(archive / "ledger.sqlite") as ledger:
            assert set(ledger.keys()) == recorded_keys(run)
