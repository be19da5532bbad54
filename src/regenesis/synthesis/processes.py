"""Processes that compute beside a run: values go in and come out through pipes, each behind its length.

    async with beside("regenesis.synthesis.recalling") as process:      # runs that module's `main`
        process.send(value)
        answer = await process.receive()

and in the process, `given` and `answer` of `Pipes` are the other ends. It ends with the block, and with the run.
`waited_for` is the same for code that has no event loop.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Beside:
    """A process beside this one."""

    _inward: asyncio.StreamWriter
    _outward: asyncio.StreamReader

    def send(self, value: Any) -> None:
        """Hands a value to the process; it may wait in the pipe."""
        self._inward.write(_framed(value))

    async def drain(self) -> None:
        """Waits until the pipe has room.

        Raises:
            OSError: The process has ended.
        """
        await self._inward.drain()

    async def receive(self) -> Any:
        """The next value that the process answers.

        Raises:
            asyncio.IncompleteReadError: The process has ended.
        """
        (length,) = _LENGTH.unpack(await self._outward.readexactly(_LENGTH.size))
        return pickle.loads(await self._outward.readexactly(length))


@asynccontextmanager
async def beside(module: str) -> AsyncIterator[Beside]:
    """Runs a module's `main` in a process of its own, which is ended with the block."""
    process = await asyncio.create_subprocess_exec(*_command(module), **_surroundings())
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Beside(process.stdin, process.stdout)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@dataclass(frozen=True, slots=True)
class WaitedFor:
    """A process beside this one, for code that waits: it takes one value at a time, and answers before the next."""

    _inward: IO[bytes]
    _outward: IO[bytes]

    def send(self, value: Any) -> None:
        """Hands a value to the process.

        Raises:
            OSError: It has ended.
        """
        self._inward.write(_framed(value))
        self._inward.flush()

    def receive(self) -> Any:
        """What it answers.

        Raises:
            EOFError: It has ended.
        """
        return _read(self._outward)


@contextmanager
def waited_for(module: str) -> Iterator[WaitedFor]:
    """Runs a module's `main` in a process of its own, which is ended with the block."""
    process = subprocess.Popen(_command(module), **_surroundings())
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield WaitedFor(process.stdin, process.stdout)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what it was not there to read
                pipe.close()


def _command(module: str) -> list[str]:
    return [sys.executable, "-c", f"from {module} import main; main()"]


def _surroundings() -> dict[str, Any]:
    """Pipes, what is imported from where, and no part in a Ctrl-C that is meant for the run."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return {**pipes, "env": environment, "start_new_session": True}


def _read(pipe: IO[bytes]) -> Any:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    content = pipe.read(length)
    if len(content) < length:
        raise EOFError
    return pickle.loads(content)


class Pipes:
    """The ends of the pipes in the process itself."""

    def __init__(self) -> None:
        # what a method of somebody else's prints must not come between the answers
        self._answers = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)

    def given(self) -> Any:
        """The next value that came in.

        Raises:
            EOFError: No more will come.
        """
        return _read(sys.stdin.buffer)

    def answer(self, value: Any) -> None:
        """Sends a value back.

        Raises:
            BrokenPipeError: Nobody is there any more.
        """
        self._answers.write(_framed(value))
        self._answers.flush()


def _framed(value: Any) -> bytes:
    content = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(content)) + content
