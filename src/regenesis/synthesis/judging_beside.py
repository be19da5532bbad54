"""Judges paths in a process beside the run, where judging takes a large share of the run's own process.

    async with judging_beside(config, judge) as judge:
        graded = await judge.judge(path, question)

With a slow engine nothing is started. With a fast one, judging would take a quarter of the only core that Python uses
at a time, while the requests that come next wait for it. What is judged is the same wherever that happens: paths come
back to whoever asked, and where the process is busy, not ready or gone, they are judged here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from regenesis.answers.checking import is_quick
from regenesis.config import RunConfig
from regenesis.engines.threads import cores
from regenesis.methods import Opinion
from regenesis.synthesis.judging import PathJudge
from regenesis.synthesis.judging_process import Case, Judged, Settings
from regenesis.synthesis.processes import Beside, beside
from regenesis.types import GradedPath, Question, ReasoningPath

_PROCESS = "regenesis.synthesis.judging_process"
_FEWEST = 50
"""Paths that are judged here before their share of the time is looked at.

Few, since a process takes a second to be ready, in which a fast engine answers for hundreds more.
"""
_SHARE = 0.1
"""Share of the time beyond which a process is started."""
_MOST_WAITING = 128
"""Paths with the process beyond which the next ones are judged here: it is the slower of the two then."""


class _Gone(Exception):
    """The process ended before it had judged a path."""


@asynccontextmanager
async def judging_beside(config: RunConfig, judge: PathJudge) -> AsyncIterator[JudgingBeside]:
    """A judge as the given one, with a process beside it for as long as the block lasts, if it comes to need one."""
    judging = JudgingBeside(config, judge)
    try:
        yield judging
    finally:
        await judging.close()


class JudgingBeside:
    """What a method asks about each path; see `regenesis.methods.Judge`."""

    def __init__(self, config: RunConfig, judge: PathJudge) -> None:
        """Starts nothing yet.

        Args:
            config: The run's, by which the process sets up the same judge.
            judge: Judges what is judged here, and is told of every path that is fit.
        """
        self._settings = Settings(config.curation, config.method, config.answering)
        self._judge = judge
        self._began = time.monotonic()
        self._judged_here, self._seconds_here = 0, 0.0
        self._running: asyncio.Task[None] | None = None
        self._process: Beside | None = None
        self._unsent: list[Case] = []
        self._waiting: dict[int, asyncio.Future[Judged]] = {}
        self._count = 0

    async def judge(
        self, path: ReasoningPath, question: Question, *, stand_ins: Sequence[str] = (), opinion: Opinion | None = None
    ) -> GradedPath:
        """The path with its verdict, its defect and its training text."""
        ready = self._process is not None and len(self._waiting) < _MOST_WAITING
        if ready and path.defect is None and is_quick(question):
            with suppress(_Gone):
                found = await self._ask(path, question, tuple(stand_ins), opinion)
                judged = GradedPath(path, found.verdict, found.defect, found.training_text)
                self._judge.tell(question, judged)
                return judged
        began = time.thread_time()
        judged = await self._judge.judge(path, question, stand_ins=stand_ins, opinion=opinion)
        if is_quick(question):
            self._note(time.thread_time() - began)
        return judged

    async def vote(self, judged: Sequence[GradedPath], question: Question, min_votes: int) -> list[GradedPath]:
        """The same paths, with the majority of their answers in the place of gold."""
        return await self._judge.vote(judged, question, min_votes)

    def select(self, judged: Sequence[GradedPath], keep: int) -> list[GradedPath]:
        """The paths that are kept, at most `keep`."""
        return self._judge.select(judged, keep)

    def seldom_right(self, judged: Sequence[GradedPath]) -> bool:
        """Whether a question is right too seldom for any of its paths to be kept."""
        return self._judge.seldom_right(judged)

    async def close(self) -> None:
        """Ends the process; what it still has is judged here."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    def _note(self, seconds: float) -> None:
        """Counts a path that was judged here, and starts the process where that is worth it."""
        self._judged_here += 1
        self._seconds_here += seconds
        if self._running is None and self._judged_here >= _FEWEST and cores() > 1:
            now = time.monotonic()
            if self._seconds_here > _SHARE * (now - self._began):
                self._running = asyncio.ensure_future(self._run())
            self._judged_here, self._seconds_here, self._began = 0, 0.0, now

    async def _ask(
        self, path: ReasoningPath, question: Question, stand_ins: tuple[str, ...], opinion: Opinion | None
    ) -> Judged:
        loop = asyncio.get_running_loop()
        self._count += 1
        case = Case(self._count, path, question, stand_ins, opinion)
        if not self._unsent:
            loop.call_soon(self._send)  # with all that comes to be judged in the same turn of the loop
        self._unsent.append(case)
        future: asyncio.Future[Judged] = loop.create_future()
        self._waiting[case.number] = future
        try:
            return await future
        finally:
            self._waiting.pop(case.number, None)

    def _send(self) -> None:
        cases, self._unsent = self._unsent, []
        if self._process is not None and cases:
            self._process.send(cases)

    async def _run(self) -> None:
        """Starts the process and takes what it judges, until it ends."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                async with beside(_PROCESS) as process:
                    process.send(self._settings)
                    await process.receive()  # it is ready
                    self._process = process
                    while True:
                        for judged in await process.receive():
                            future = self._waiting.get(judged.number)
                            if future is not None and not future.done():
                                future.set_result(judged)
        finally:
            self._process = None
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(_Gone())
