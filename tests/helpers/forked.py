"""Commands in processes that are forked from one which has imported the package.

A test of the command line wants a process of its own, not the second that the imports take: over a few hundred commands
that is a quarter of the suite's time. What is imported beforehand reads nothing of a test's environment.
"""

from __future__ import annotations

import atexit
import fcntl
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import termios
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

from regenesis.cli.app import VERBS

COMMANDS = [f"regenesis.cli.{verb.replace('-', '_')}" for verb in VERBS]
LIBRARIES = ["aiohttp"]
"""Others, such as pyarrow, start threads when they are imported, and a process with threads is not to be forked."""


class Command:
    """`regenesis` in a process of its own, with the methods of `subprocess.Popen` that tests use.

    Attributes:
        arguments: What stands behind `regenesis`.
        pid: The process.
    """

    def __init__(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        surroundings: Mapping[str, str] = os.environ,
        terminal: str | None = None,
    ) -> None:
        """Starts it.

        Args:
            *arguments: What stands behind `regenesis`.
            cwd: The folder to start it in.
            surroundings: The variables of its environment.
            terminal: The terminal it runs in; without one, what it writes goes to files.
        """
        self.arguments = [str(argument) for argument in arguments]
        self._folder = tempfile.TemporaryDirectory(prefix="regenesis-command-")
        outputs = [str(Path(self._folder.name) / name) for name in ("stdout", "stderr")]
        for path in outputs:
            Path(path).touch()
        self._outputs = [Path(path) for path in outputs]
        streams = [terminal] * 3 if terminal else [os.devnull, *outputs]
        self._process = _server().Process(
            target=_run, args=(self.arguments, cwd or Path.cwd(), dict(surroundings), streams, terminal is not None)
        )
        self._process.start()
        self.pid: int = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(["regenesis", *self.arguments], timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Waits until it has ended; gives what it wrote."""
        self.wait(timeout)
        stdout, stderr = (path.read_text("utf-8") for path in self._outputs)
        return stdout, stderr

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_command(
    *arguments: str | Path, cwd: Path, seconds: float, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs `regenesis` with no terminal, as `subprocess.run` would."""
    command = Command(*arguments, cwd=cwd, surroundings={**os.environ, **environment})
    try:
        written = command.communicate(seconds)
        return subprocess.CompletedProcess(command.arguments, command.wait(), *written)
    finally:
        command.kill()


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*COMMANDS, *LIBRARIES])
    return context


def _run(arguments: list[str], cwd: Path, environment: dict[str, str], streams: list[str], at_a_terminal: bool) -> None:
    """What a forked process does: what a shell and the interpreter would have set up, then the command."""
    if at_a_terminal:
        os.setsid()
    for number, path in enumerate(streams):
        os.dup2(os.open(path, os.O_RDWR | os.O_APPEND), number)
    if at_a_terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    sys.argv = ["regenesis", *arguments]

    from regenesis.cli import main

    try:
        main()
    finally:
        sys.stdout.flush()
        _forget_whose_coverage_was_measured_before()
        # a process that multiprocessing started leaves without calling these
        atexit._run_exitfuncs()


def _forget_whose_coverage_was_measured_before() -> None:
    """Leaves the process that this one was forked from out of what ends with this one; coverage measures each alone."""
    measuring = getattr(getattr(sys.modules.get("coverage"), "process_startup", None), "coverage", None)
    if measuring is not None:
        atexit.unregister(measuring._atexit)
