"""Which questions are under way: a bounded window over all of them, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import Field

from regenesis.errors import RequestFailed
from regenesis.scheduling.budget import BudgetSpent
from regenesis.section import Section
from regenesis.types import Question


class SchedulingConfig(Section):
    """Concurrency; does not change the requests."""

    window: int | None = Field(default=None, ge=1)
    """Maximum active questions; default enough to keep the engine full."""


@dataclass(slots=True)
class WindowReport:
    """How a pass over questions ended.

    Attributes:
        finished: Questions brought to their end in this pass.
        owed: Ids of questions set aside because a request of theirs kept failing, with the reason.
        stopped: What the budget ran out of, `None` if all questions were gone through.
    """

    finished: int = 0
    owed: dict[str, str] | None = None
    stopped: str | None = None


def window_size(capacity: int, configured: int | None) -> int:
    """Questions to hold active: every active question has at least one request to make, so a few more than the
    engine's capacity keep it full.
    """
    return configured if configured is not None else capacity + max(2, capacity // 4)


async def work_through(
    questions: Iterable[tuple[int, Question]],
    work: Callable[[int, Question], Awaitable[None]],
    window: int,
    watch: Coroutine[Any, Any, NoReturn] | None = None,
) -> WindowReport:
    """Works on questions in order, at most `window` of them at once.

    Args:
        questions: Ordinals and questions; taken one at a time, as places in the window fall free.
        work: Brings one question to its end.
        window: Questions active at once.
        watch: Raises where the work must not go on, and otherwise lasts as long as it.

    Raises:
        Exception: Whatever `work` or `watch` raises, but `BudgetSpent` and `RequestFailed`; all other work is cancelled
            first.
    """
    report = WindowReport(owed={})
    owed: dict[str, str] = {}
    active: dict[asyncio.Task[None], str] = {}
    remaining = iter(questions)
    watching = set() if watch is None else {asyncio.ensure_future(watch)}
    try:
        while True:
            while len(active) < window and report.stopped is None:
                following = next(remaining, None)
                if following is None:
                    break
                task = asyncio.ensure_future(_as_coroutine(work, *following))
                active[task] = following[1].id
            if not active:
                break
            done, _ = await asyncio.wait({*active, *watching}, return_when=asyncio.FIRST_COMPLETED)
            for ended in done & watching:
                ended.result()
            for task in done & active.keys():
                try:
                    task.result()
                    report.finished += 1
                except BudgetSpent as spent:
                    report.stopped = str(spent)
                except RequestFailed as failure:
                    owed[active[task]] = str(failure)
                del active[task]
    finally:
        for task in (*active, *watching):
            task.cancel()
        await asyncio.gather(*active, *watching, return_exceptions=True)
    report.owed = owed
    return report


async def _as_coroutine(work: Callable[[int, Question], Awaitable[None]], ordinal: int, question: Question) -> None:
    await work(ordinal, question)
