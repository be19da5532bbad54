"""Runs the command as a user does, in a process of its own, and makes small runs for it to work on."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.helpers.forked import Command, run_command
from tests.helpers.runs import THREE_STAGES

REGENESIS = (sys.executable, "-c", "from regenesis.cli import main; main()")
SECONDS = 240
"""Bound on one command, far above what it takes, so that one that hangs fails its test."""


def regenesis(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `regenesis` with no terminal."""
    return run_command(*arguments, cwd=cwd, seconds=SECONDS, **environment)


def in_terminal(
    *arguments: str, cwd: Path, size: tuple[int, int] = (24, 80), react: Callable[[str], bytes | None] = lambda _: None
) -> tuple[int, str]:
    """Runs `regenesis` in a terminal of its own; `react` sees all that was shown and may type something, once.

    Returns:
        The exit code and everything that was written to the terminal.
    """
    control, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, size)
    surroundings = {**os.environ, "TERM": "xterm-256color"}
    for name in ("NO_COLOR", "COLUMNS", "LINES", "CI", "FORCE_COLOR", "TTY_COMPATIBLE"):
        surroundings.pop(name, None)
    process = Command(*arguments, cwd=cwd, surroundings=surroundings, terminal=os.ttyname(terminal))
    shown, reacted = b"", False
    try:
        while chunk := _read(control):
            if not shown:  # before, nobody else may have opened it
                os.close(terminal)
            shown += chunk
            typed = None if reacted else react(shown.decode(errors="replace"))
            if typed is not None:
                reacted = True
                os.write(control, typed)
        return process.wait(SECONDS), shown.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(control)


def _read(control: int) -> bytes:
    ready, _, _ = select.select([control], [], [], SECONDS)
    if not ready:
        raise TimeoutError("the command neither writes nor ends")
    try:
        return os.read(control, 65536)
    except OSError:  # the other side is closed
        return b""


def write_questions(folder: Path, count: int = 4, **more: str) -> None:
    """Writes `questions.jsonl`, whose gold answers the scripted server finds about every second time."""
    rows = [
        {"id": f"q{number}", "question": f"What is {number} and 7? [[gold={number + 7}]]", "answer": str(number + 7)}
        for number in range(count)
    ]
    rows[0].update(more)
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_config(folder: Path, base_url: str, **values: object) -> Path:
    """Writes `config.yaml` for the questions and a server."""
    engine: Mapping[str, object] = {"kind": "openai", "base_url": base_url, "model": "scripted", "max_in_flight": 8}
    retry = {"attempts": 2, "first_wait": 0.01, "longest_wait": 0.05}
    config = {
        "method": THREE_STAGES | {"guidelines": 4, "wave": 4, "keep": 2, "hint": {"guidelines": 2}},
        "tasks": [{"name": "mine", "file": "questions.jsonl"}],
        "engine": {**engine, "retry": retry},
        **values,
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(config))
    return path
