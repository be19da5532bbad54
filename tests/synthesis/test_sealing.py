"""A shard is held by one process, told of beside its segments, and sealed while it works and when it is told to end."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fixtures.scripted_server import server_process
from tests.helpers.runs import recorded_keys, toy_config, toy_mapping, until, write_questions

from regenesis.errors import RunError, RunInUse
from regenesis.ledger.segments import rows_in, segments_of
from regenesis.runs.merging import merge
from regenesis.storage import Folder, open_folder
from regenesis.synthesis import sealing
from regenesis.synthesis.report import SynthesisReport
from regenesis.synthesis.shard_states import WATCH_SECONDS, shard_states
from regenesis.synthesis.sharding import Shard, synthesize_shard


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_questions(tmp_path, 9)


def test_a_shard_that_another_process_works_on_is_left_alone(
    questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SEAL_SECONDS", 0.05)

    async def both(url: str) -> None:
        config = toy_config(questions, url)
        first = asyncio.create_task(synthesize_shard(config, tmp_path / "run", Shard(1, 1), scratch=tmp_path / "a"))
        await until(lambda: shard_states(open_folder(tmp_path / "run" / "segments")))
        with pytest.raises(RunInUse, match=f"1-of-1: another process .pid {os.getpid()} on"):
            await synthesize_shard(config, tmp_path / "run", Shard(1, 1), scratch=tmp_path / "b")
        assert (await first).complete

    with server_process("--play", "arithmetic", "--delay", "0.3:0.5") as url:
        asyncio.run(both(url))


def test_a_shard_that_another_process_has_taken_stops_and_overwrites_nothing(
    questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SEAL_SECONDS", 0.1)
    folder = open_folder(tmp_path / "run" / "segments").inside("1-of-1")

    async def taken(url: str) -> None:
        work = synthesize_shard(toy_config(questions, url), tmp_path / "run", Shard(1, 1), scratch=tmp_path / "a")
        first = asyncio.create_task(work)
        await until(lambda: segments_of(folder))
        folder.write("state.json", json.dumps(read_state(folder) | {"holder": "elsewhere 7 abc"}).encode())
        with pytest.raises(RunInUse, match="pid 7 on elsewhere"):
            await first

    with server_process("--play", "arithmetic", "--delay", "0.2:0.3") as url:
        asyncio.run(taken(url))
    assert read_state(folder)["holder"] == "elsewhere 7 abc"


def read_state(folder: Folder) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(folder.read("state.json"))
    return state


def test_a_shard_that_was_killed_is_taken_at_once_on_its_machine(questions: Path, tmp_path: Path) -> None:
    run, ended = tmp_path / "run", subprocess.Popen(["true"])
    ended.wait()
    holder = f"{socket.gethostname()} {ended.pid} abc"
    told = {"holder": holder, "beat": 3, "told": 0, "figures": {}, "complete": False}
    open_folder(run / "segments").inside("1-of-1").write("state.json", json.dumps(told).encode())
    began = time.monotonic()
    with server_process("--play", "arithmetic") as url:
        assert asyncio.run(synthesize_shard(toy_config(questions, url), run, Shard(1, 1))).complete
    assert time.monotonic() - began < WATCH_SECONDS


def move_files(folder: Path, to: Path) -> None:
    for file in folder.iterdir():
        file.replace(to / file.name)


def test_storage_that_fails_for_a_moment_stops_nothing(
    questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SEAL_SECONDS", 0.1)
    run, folder = tmp_path / "run", tmp_path / "run" / "segments" / "1-of-1"

    async def with_a_gap(url: str) -> SynthesisReport:
        work = synthesize_shard(toy_config(questions, url), run, Shard(1, 1), scratch=tmp_path / "a")
        task = asyncio.create_task(work)
        await until(lambda: segments_of(open_folder(folder)))
        away = tmp_path / "away"
        away.mkdir()
        # a segment may be written at any moment, into a folder that is made again for it
        while folder.is_dir():
            with suppress(OSError):
                move_files(folder, away)
                folder.rmdir()
                folder.write_text("in the way")
        await asyncio.sleep(0.5)
        folder.unlink()
        folder.mkdir(exist_ok=True)
        move_files(away, folder)
        return await task

    with server_process("--play", "arithmetic", "--delay", "0.2:0.3") as url:
        assert asyncio.run(with_a_gap(url)).complete
    merge(run)
    assert recorded_keys(run) == recorded_keys(tmp_path / "a" / "1-of-1")


def test_storage_that_stays_away_stops_a_shard(
    questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SEAL_SECONDS", 0.05)
    monkeypatch.setattr(sealing, "PATIENCE_SECONDS", 0.3)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "segments").write_text("in the way")
    with pytest.raises(RunError, match="cannot be written"), server_process("--play", "arithmetic") as url:
        asyncio.run(synthesize_shard(toy_config(questions, url), tmp_path / "run", Shard(1, 1), scratch=tmp_path / "a"))


@pytest.mark.parametrize("signal", [15, 2])
def test_told_to_end_a_shard_seals_first_and_ends_with_the_signal_s_code(
    questions: Path, tmp_path: Path, signal: int
) -> None:
    config, run = tmp_path / "config.yaml", tmp_path / "run"
    with server_process("--play", "arithmetic", "--delay", "0.1:0.2") as url:
        config.write_text(yaml.safe_dump(toy_mapping(questions, url)))
        command = [sys.executable, "-m", "regenesis", "synthesize", str(config), "--run-dir", str(run)]
        command += ["--shard", "1/1", "--scratch", str(tmp_path / "local")]
        shard = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ledger = tmp_path / "local" / "1-of-1"
        while len(recorded_keys(ledger)) < 5:
            time.sleep(0.05)
        shard.send_signal(signal)
        said, _ = shard.communicate()
    assert shard.returncode == 128 + signal
    assert "Interrupted. Nothing is lost" in said
    assert "--shard 1/1 --scratch" in said
    sealed = open_folder(run / "segments").inside("1-of-1")
    assert {key for rows in rows_in(sealed) for key in rows.column("key")} == recorded_keys(ledger)
    (state,) = shard_states(open_folder(run / "segments"))
    assert (state.holder, state.complete, state.why) == (None, False, "interrupted")
