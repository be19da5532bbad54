"""Runs a model's program against tests, in a process of its own that is limited and killed in time.

grade_program(response, "assert double(2) == 4").status   # "correct", "incorrect" or "unparsed"

This is the one place of the package where model output is executed. It is off unless asked for: call this function,
or set `Rules(run_programs=True)`. It keeps accidents from doing harm and is **not a security sandbox**: there is no
separate network, file system or user, and the rules against files, sockets and programs are kept by the interpreter
that they bind. For programs you have reason to fear, run all of it in a container or virtual machine without network.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from regenesis.answers.turns import final_part
from regenesis.types import Verdict

_WORKER = Path(__file__).with_name("program_worker.py")
_MEMORY = 512 * 2**20
_PYTHON = ("python", "python3", "py")
_FENCE = "```"
_MOST_WRITTEN = 1000


def grade_program(response: str, tests: str, *, seconds: float = 10.0, memory: int = _MEMORY) -> Verdict:
    """Runs the program in a response, then the tests, and says whether the tests ran to their end.

    The program is the last fenced block marked as Python, else the last unmarked one, else the whole text. It may
    use the standard library alone, and neither write files nor start processes.

    Not covered: a program that searches its interpreter for the means to forge success, or returns objects that
    claim to equal everything, can pass without being right.

    Args:
        response: What the model wrote; any text at all.
        tests: A Python program that raises unless the functions defined before it do as they should.
        seconds: How long program and tests may take together, the start of Python included.
        memory: Address space they may use, in bytes.

    Returns:
        `correct` if all tests passed; `incorrect` if the program or a test failed, took too long or too much memory;
        `unparsed` if there is no program, `tests` is not one, or neither could be run. Never raises on any text.

    Raises:
        OSError: No process could be started.
    """
    if not tests.strip():
        return Verdict("unparsed", None, "there are no tests to run", "bad-gold")
    text = final_part(response, max(1, len(response)), keep_workings=True)
    if text is None:
        return Verdict("unparsed", None, "the thinking was never closed", "open-think")
    fenced = _fenced_program(text)
    program = text if fenced is None else fenced
    if not program.strip():
        return Verdict("unparsed", None, "no program found", "no-program")
    token = secrets.token_hex(16).encode()
    started, *outcome = _run(program, tests, token, seconds, memory).split(b"\n")
    if started != b"started" or not outcome:
        return Verdict("unparsed", None, "the process that runs programs did not start", "not-run")
    if len(outcome) == 1:
        return Verdict("incorrect", program, f"timed out after {seconds:g} seconds", "program-time")
    if secrets.compare_digest(outcome[0], token):
        # once more with tests that cannot pass: a program that makes up its success does so here, too
        token = secrets.token_hex(16).encode()
        poisoned = f"{tests}\nraise AssertionError"
        if token in _run(program, poisoned, token, seconds, memory):
            return Verdict("incorrect", program, "reports success for tests that cannot pass", "program-failed")
        return Verdict("correct", program, "all tests passed", "program-passed")
    return _failure(outcome[0].decode("ascii", "replace"), program, fenced=fenced is not None)


def _failure(outcome: str, program: str, *, fenced: bool) -> Verdict:
    stage, _, error = outcome.partition(" ")
    if stage == "tests-syntax":
        return Verdict("unparsed", None, f"the tests are not valid Python ({error})", "bad-gold")
    if stage == "program-syntax" and not fenced:
        return Verdict("unparsed", None, "no program found", "no-program")
    if error == "MemoryError":
        return Verdict("incorrect", program, "out of memory", "program-memory")
    reasons = {
        "program-syntax": f"the program is not valid Python ({error})",
        "program": f"the program raised {error}",
        "tests": f"the tests raised {error}",
    }
    return Verdict("incorrect", program, reasons.get(stage, "exited before the tests finished"), "program-failed")


def _fenced_program(text: str) -> str | None:
    """The last closed block marked as Python, else the last unmarked one; `None` if there is neither."""
    marked: str | None = None
    unmarked: str | None = None
    language = ""
    block: list[str] | None = None
    for line in text.split("\n"):
        edge = _edge(line)
        if edge is None:
            if block is not None:
                block.append(line)
        elif block is None or edge:
            language, block = edge, []
        else:
            content = textwrap.dedent("\n".join(block))
            marked = content if language in _PYTHON else marked
            unmarked = content if not language else unmarked
            block = None
    return unmarked if marked is None else marked


def _edge(line: str) -> str | None:
    """The language a fence names, empty if it names none; `None` for a line that is no fence."""
    stripped = line.strip()
    named = stripped.lstrip("`")
    if not stripped.startswith(_FENCE) or "`" in named:
        return None
    return (named.split() or [""])[0].lower()


def _run(program: str, tests: str, token: bytes, seconds: float, memory: int) -> bytes:
    """What a worker wrote; a line more if it ended of itself. It and all it started are dead afterwards."""
    job = {"program": program, "tests": tests, "cpu_seconds": math.ceil(seconds) + 1, "memory": memory}
    with tempfile.TemporaryDirectory(prefix="regenesis-program-") as folder:
        Path(folder, "job.json").write_text(json.dumps(job), encoding="ascii")
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={},
            start_new_session=True,
        )
        with process:
            try:
                return _exchange(process, token, seconds)
            finally:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)


def _exchange(process: subprocess.Popen[bytes], token: bytes, seconds: float) -> bytes:
    """All that the worker wrote in time: two lines if all went well."""
    assert process.stdin is not None
    assert process.stdout is not None
    deadline = time.monotonic() + seconds
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(token)
    replies = process.stdout.fileno()
    poller = select.poll()
    poller.register(replies, select.POLLIN)
    written = b""
    while written.count(b"\n") < 2 and len(written) < _MOST_WRITTEN:
        if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
            return written
        chunk = os.read(replies, _MOST_WRITTEN)
        if not chunk:
            return written + b"\n"
        written += chunk
    return written
