from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from regenesis.store import journal as module
from regenesis.store.journal import Journal
from regenesis.synthesis.progress import Progress


def lines(path: Path) -> list[dict[str, object]]:
    found = []
    for line in path.read_text("utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            found.append({"event": "torn"})
    return found


def test_events_are_appended_over_all_starts(tmp_path: Path) -> None:
    for number in range(2):
        with Journal(tmp_path / "log.jsonl") as journal:
            journal.write("start", number=number, path=tmp_path)
    written = lines(tmp_path / "log.jsonl")
    assert [one["number"] for one in written] == [0, 1]
    assert all(isinstance(one["time"], float) for one in written)


def test_a_line_torn_by_a_kill_does_not_swallow_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"event": "start"}\n{"event": "quest')
    with Journal(tmp_path / "log.jsonl") as journal:
        journal.write("start")
    assert [one["event"] for one in lines(tmp_path / "log.jsonl")] == ["start", "torn", "start"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_does_not_stop_the_run_because_of_its_log() -> None:
    with Journal(Path("/dev/full")) as journal:
        journal.write("start")


async def test_the_heartbeat_beats_while_the_block_lasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.001)
    with Journal(tmp_path / "log.jsonl") as journal:
        async with journal.heartbeat(Progress()):
            for _ in range(10_000):
                await asyncio.sleep(0.001)
                if len(lines(tmp_path / "log.jsonl")) >= 3:
                    break
        count = len(lines(tmp_path / "log.jsonl"))
        await asyncio.sleep(0.01)
    assert len(lines(tmp_path / "log.jsonl")) == count
    assert {one["event"] for one in lines(tmp_path / "log.jsonl")} == {"progress"}
