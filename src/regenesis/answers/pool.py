r"""Worker processes that can be killed, for what must not run in this one.

    same = shared_pool().same_formula(r"\frac{1}{2}", "0.5", seconds=5)   # True, False, or None

Thread-safe: any number of threads may ask, each waits for a free worker. A worker that dies, hangs or writes nonsense
is replaced, and costs the one job it had. Workers start on first use and end with this process.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from typing import Any, Literal

Work = Literal["math", "scorer"]

_GRACE = 1.0
_START_SECONDS = 90.0
_MEMORY = 2 * 2**30
_MOST_JOBS = 5_000
_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "VIRTUAL_ENV")


class WorkerLost(Exception):
    """The worker died or did not answer in time; never leaves the package."""


class Budget:
    """Seconds that jobs which belong together may take of workers; waiting for one and starting it count for nothing.

    Attributes:
        left: What is left of it.
    """

    def __init__(self, seconds: float) -> None:
        self.left = seconds


class Worker:
    """One worker process, talked to in JSON lines over pipes."""

    def __init__(self, memory: int = _MEMORY) -> None:
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        environment |= {
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PYTHONHASHSEED": "0",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "regenesis.answers.worker", str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
            env=environment,
            start_new_session=True,
        )
        self.jobs = 0
        self._warm: set[Work] = set()
        self._unread = b""

    def ask(self, work: Work, job: Mapping[str, Any], budget: Budget) -> dict[str, Any]:
        """Sends a job and waits for its reply.

        Raises:
            WorkerLost: It died, or did not reply within the budget and a little grace.
        """
        if work not in self._warm:
            self._exchange({"job": "warm", "what": work}, _START_SECONDS)
            self._warm.add(work)
        self.jobs += 1
        started = time.monotonic()
        try:
            return self._exchange({**job, "job": work, "seconds": budget.left}, budget.left + _GRACE)
        finally:
            budget.left -= time.monotonic() - started

    def close(self) -> None:
        """Ends the process, however busy it is."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue

    def _exchange(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        try:
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
            reply: dict[str, Any] = json.loads(self._read_line(deadline))
        except (OSError, ValueError) as error:
            raise WorkerLost(str(error)) from error
        return reply

    def _read_line(self, deadline: float) -> bytes:
        assert self.process.stdout is not None
        pipe = self.process.stdout.fileno()
        while b"\n" not in self._unread:
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not select.select([pipe], [], [], remaining)[0]:
                raise WorkerLost("no reply in time")
            chunk = os.read(pipe, 65536)
            if not chunk:
                raise WorkerLost("ended")
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line


class WorkerPool:
    """A fixed number of worker places, each filled when first needed.

    Args:
        size: Most workers at once.
        memory: Address space a worker may use, in bytes.
    """

    def __init__(self, size: int, memory: int = _MEMORY) -> None:
        self.size = size
        self.memory = memory
        self.replaced = 0
        self._places: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        self._started: set[Worker] = set()
        self._guard = threading.Lock()
        for _ in range(size):
            self._places.put(None)

    def ask(self, work: Work, job: Mapping[str, Any], seconds: float | Budget) -> Any:
        """The result of a job, `None` where it failed, ran out of time or memory, or its worker was lost."""
        budget = seconds if isinstance(seconds, Budget) else Budget(seconds)
        if budget.left <= 0:
            return None
        worker = self._places.get()
        try:
            worker = worker or self._start()
            reply = worker.ask(work, job, budget)
            if reply.get("error") in ("out of memory", "nested too deeply") or worker.jobs >= _MOST_JOBS:
                self._dismiss(worker)
                worker = None
            return reply.get("result")
        except BaseException as error:
            # whatever went wrong, a worker with a job under way is of no further use
            self._dismiss(worker)
            worker = None
            if not isinstance(error, WorkerLost):
                raise
            self.replaced += 1
            return None
        finally:
            self._places.put(worker)

    def same_formula(self, gold: str, answer: str, seconds: float | Budget = 5.0) -> bool | None:
        """Whether Math-Verify takes two formulas for equal; `None` where it could not tell."""
        result = self.ask("math", {"gold": gold, "answer": answer}, seconds)
        return result if isinstance(result, bool) else None

    def close(self) -> None:
        """Ends every worker; a later job starts new ones."""
        with self._guard:
            workers, self._started = self._started, set()
        for worker in workers:
            worker.close()

    def _start(self) -> Worker:
        worker = Worker(self.memory)
        with self._guard:
            self._started.add(worker)
        return worker

    def _dismiss(self, worker: Worker | None) -> None:
        if worker is None:
            return
        with self._guard:
            self._started.discard(worker)
        worker.close()


_shared: tuple[int, WorkerPool] | None = None
_shared_guard = threading.Lock()


def shared_pool() -> WorkerPool:
    """The pool of this process, with a worker a core, four at most; a forked child gets its own."""
    global _shared  # noqa: PLW0603 - one pool a process is the point
    with _shared_guard:
        if _shared is None or _shared[0] != os.getpid():
            pool = WorkerPool(size=max(1, min(4, os.cpu_count() or 1)))
            atexit.register(pool.close)
            _shared = (os.getpid(), pool)
        return _shared[1]


def score_with_reasoning_gym(
    answer: str, scoring: Mapping[str, Any], seconds: float = 10.0, pool: WorkerPool | None = None
) -> float | None:
    """Scores an answer with a reasoning-gym task's own scorer, in a worker.

    Args:
        answer: The final answer, as read out of a response.
        scoring: `Question.scoring` of the question: the task, how it was set up, and its entry.
        seconds: How long the scorer may take.
        pool: Where to run it; the shared pool by default.

    Returns:
        The score from 0 to 1, or `None` where the scorer failed or took too long.
    """
    result = (pool or shared_pool()).ask("scorer", {"answer": answer, "scoring": dict(scoring)}, seconds)
    return float(result) if isinstance(result, int | float) else None
