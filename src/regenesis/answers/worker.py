"""The process in which a computer algebra system or a task's own scorer may look at model text.

    python -P -m regenesis.answers.worker 2147483648     # started by `pool`, never by hand

Reads one JSON job a line from standard input and writes one JSON reply a line. The process is restricted before the
first job: limits on memory, files and core dumps, an environment without secrets (the pool sees to that), and an
audit hook that refuses to start programs, open sockets, load libraries or write files. A job past its time raises;
one that cannot even do that is killed by the kernel, by the pool, or by both.

Jobs: `{"job": "warm", "what": "math" | "scorer"}`, `{"job": "math", "gold", "answer", "seconds"}`,
`{"job": "scorer", "answer", "scoring", "seconds"}`. Replies: `{"result": ...}`, or `{"error": "..."}`.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_REFUSED = (
    "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.", "socket.",
    "ctypes.", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "os.chown", "os.link",
    "os.symlink", "os.kill", "os.setxattr", "os.listxattr", "shutil.", "tempfile.", "urllib.", "http.", "ftplib.",
    "smtplib.", "webbrowser.",
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_JOBS_BETWEEN_COLLECTIONS = 200

_locked = False


class OutOfTimeError(BaseException):
    """The job took longer than it may; no `except Exception` of foreign code may swallow it."""


def main() -> None:
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    _restrict(int(sys.argv[1]))
    gc.disable()  # parsing makes many small objects: collecting between jobs instead saves a tenth of the time
    for number, line in enumerate(sys.stdin):
        if number % _JOBS_BETWEEN_COLLECTIONS == 0:
            gc.collect()
        reply, fatal = _answer(json.loads(line))
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
        if fatal:
            return


def _answer(job: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The reply to a job, and whether this process should be replaced after it."""
    try:
        if job["job"] == "warm":
            return {"result": _warm(job["what"])}, False
        with _time_limit(float(job["seconds"])), _lock():
            return {"result": _JOBS[job["job"]](job)}, False
    except OutOfTimeError:
        return {"error": "out of time"}, False
    except MemoryError:
        return {"error": "out of memory"}, True
    except RecursionError:
        return {"error": "nested too deeply"}, True
    except Exception as error:  # noqa: BLE001 - whatever foreign code raises on hostile text is this job's outcome
        return {"error": f"{type(error).__name__}: {error}"[:300]}, False


def _warm(what: str) -> bool:
    """Imports what jobs of a kind need, while imports may still do as they like."""
    if what == "math":
        from regenesis.answers import symbolic

        symbolic.equal("1", "1")
    else:
        import reasoning_gym  # noqa: F401

        from regenesis.answers import reasoning_gym_scorer

        reasoning_gym_scorer._scorer()
    return True


def _math(job: dict[str, Any]) -> bool | None:
    from regenesis.answers import symbolic

    return symbolic.equal(job["gold"], job["answer"])


def _scorer(job: dict[str, Any]) -> float | None:
    from regenesis.answers import reasoning_gym_scorer

    return reasoning_gym_scorer.score(job["answer"], job["scoring"])


_JOBS = {"math": _math, "scorer": _scorer}


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raises after `seconds`; if the code in hand never returns to Python, the kernel ends the process soon after."""

    def out_of_time(*_: object) -> None:
        raise OutOfTimeError

    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_PROF, seconds + 2.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)


@contextmanager
def _lock() -> Iterator[None]:
    global _locked  # noqa: PLW0603 - the audit hook can read nothing but a global, and cannot be taken off again
    _locked = True
    try:
        yield
    finally:
        _locked = False


def _restrict(memory: int) -> None:
    import resource

    for kind, limit in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        resource.setrlimit(kind, (limit, limit))
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not _locked:
        return
    if event == "open":
        path, mode, flags = arguments
        if isinstance(flags, int) and flags & _WRITING:
            raise PermissionError(f"writing {path!r} with mode {mode!r} is refused in an answer worker")
    elif event.startswith(_REFUSED):
        raise PermissionError(f"{event} is refused in an answer worker")


if __name__ == "__main__":
    main()
