"""Runs a command and ends it with all of its processes, also when whoever started this is killed.

    python supervisor.py PID COMMAND…

It ends the command when process PID is not its parent any more, when it is told to end (SIGTERM, SIGINT), and cleans up
when the command ends by itself. Whatever the command has started ends too, in its group or out of it: orphans come to
this process, which asks them to end and then ends them.

A program of its own that imports nothing of the package: it has to start at once and outlive the driver.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

GRACE_SECONDS = 10.0
_GLANCE = 0.2
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def _prctl(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end_with_parent() -> None:
    # should this process itself be killed
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def supervise(parent: int, command: list[str]) -> int:
    """Runs the command; gives its exit code, 0 where it was ended from here."""
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _: told.append(received))
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509
        )
    except OSError as error:
        sys.stderr.write(f"{command[0]}: cannot be started ({error})\n")
        return 127
    while child.poll() is None and not told and os.getppid() == parent:
        time.sleep(_GLANCE)
    code = child.poll()
    _end(child)
    if code is None:
        return 0
    return code if code >= 0 else 128 - code


def _end(child: subprocess.Popen[bytes]) -> None:
    """Asks the command's group to end, then ends what is left."""
    with suppress(OSError):
        os.killpg(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(_GLANCE / 4)
    with suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    deadline = time.monotonic() + GRACE_SECONDS / 2
    while (orphans := _children()) and time.monotonic() < deadline:
        for orphan in orphans:
            with suppress(OSError):
                os.kill(orphan, signal.SIGKILL)
        with suppress(OSError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(_GLANCE / 10)


def _children() -> list[int]:
    """Processes whose parent this one is; ended ones count until they are waited for."""
    with suppress(OSError, ValueError):
        return [int(one) for one in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    return []


if __name__ == "__main__":
    sys.exit(supervise(int(sys.argv[1]), sys.argv[2:]))
