"""Interrupts, in processes of their own; each test fails by its time limit if the process does not end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.running import SECONDS, in_terminal, write_config
from tests.fixtures.scripted_server import server_process
from tests.helpers.forked import Command

GO_ON = "regenesis synthesize config.yaml --run-dir run"


def interrupted(
    process: Command | subprocess.Popen[str], number: signal.Signals, ready: Path
) -> tuple[int | None, str, str]:
    """Sends a signal to a process once a file is there; gives its exit code and what it wrote."""
    try:
        deadline = time.monotonic() + SECONDS
        while not (ready.exists() and ready.stat().st_size):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(number)
        written, errors = process.communicate(timeout=SECONDS)
        return process.returncode, written, errors
    finally:
        process.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_with_requests_in_flight_ends_and_says_how_to_go_on(
    number: signal.Signals, code: int, folder: Path
) -> None:
    log = folder / "seen.jsonl"
    with server_process("--fault-rate", "1", "--faults", "hang", "--log", str(log)) as url:
        write_config(folder, url)
        process = Command("synthesize", "config.yaml", "--run-dir", "run", cwd=folder)
        returned, written, errors = interrupted(process, number, log)
    assert returned == code
    assert "Nothing is lost" in written
    assert written.endswith(f"  {GO_ON}\n")
    assert errors == ""


def test_with_json_the_last_words_leave_standard_output_alone(folder: Path) -> None:
    log = folder / "seen.jsonl"
    with server_process("--fault-rate", "1", "--faults", "hang", "--log", str(log)) as url:
        write_config(folder, url)
        process = Command("synthesize", "config.yaml", "--run-dir", "run", "--json", cwd=folder)
        _, written, errors = interrupted(process, signal.SIGINT, log)
    assert written == ""
    assert GO_ON in errors


def test_ctrl_c_at_the_terminal_gives_the_cursor_back(folder: Path) -> None:
    with server_process("--fault-rate", "1", "--faults", "hang") as url:
        write_config(folder, url)
        code, shown = in_terminal(
            *("synthesize", "config.yaml", "--run-dir", "run"),
            cwd=folder,
            react=lambda shown: b"\x03" if "8 requests" in shown else None,
        )
    assert code == 130
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert shown.rstrip().endswith(GO_ON)


STUBBORN = """
import asyncio, pathlib, sys, threading, time
from regenesis.cli.interrupts import run_until_interrupted

def stubborn():
    pathlib.Path("ready").write_text("ready")
    {body}

async def work():
    await {call}

try:
    run_until_interrupted(work(), lambda: print("last words", flush=True))
finally:
    print("left", flush=True)
"""


@pytest.mark.parametrize(
    ("body", "call"),
    [
        ("threading.Event().wait()", "asyncio.to_thread(stubborn)"),
        ("while True: time.sleep(0.1)", "asyncio.sleep(0, stubborn())"),
    ],
    ids=["a thread that cannot be stopped", "an event loop that is held up"],
)
def test_what_cannot_be_cancelled_is_ended_all_the_same(body: str, call: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", STUBBORN.format(body=body, call=call)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True)
    code, written, _ = interrupted(process, signal.SIGINT, tmp_path / "ready")
    assert code == 130
    assert written.count("last words") == 1


def test_work_that_comes_to_its_end_leaves_the_signals_as_they_were(tmp_path: Path) -> None:
    from regenesis.cli.interrupts import run_until_interrupted

    async def work() -> int:
        return os.getpid()

    before = signal.getsignal(signal.SIGINT)
    assert run_until_interrupted(work(), lambda: None) == os.getpid()
    assert signal.getsignal(signal.SIGINT) is before
