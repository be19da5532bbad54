"""Chains that run at the same time and end together."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from regenesis.errors import RequestFailed
from regenesis.scheduling.budget import BudgetSpent

Result = TypeVar("Result")


async def side_by_side(works: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Runs chains at the same time and returns their results in the order given.

    When one runs out of budget or keeps failing, the others are let finish first, since what they have asked is
    paid for; any other error cancels them at once, and is raised when they have ended.

    Raises:
        BudgetSpent: One of them met the end of the budget.
        RequestFailed: A request of one of them kept failing.
    """
    tasks = [asyncio.ensure_future(_soft_result(work)) for work in works]
    try:
        outcomes = await asyncio.gather(*tasks)
    finally:
        if not all(task.done() for task in tasks):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for work in works:
            work.close()  # one that was cancelled before it began would be reported as never awaited
    results: list[Result] = []
    for outcome in outcomes:
        if isinstance(outcome, _Stopped):
            raise outcome.reason
        results.append(outcome)
    return results


@dataclass(frozen=True, slots=True)
class _Stopped:
    reason: BudgetSpent | RequestFailed


async def _soft_result(work: Coroutine[Any, Any, Result]) -> Result | _Stopped:
    try:
        return await work
    except (BudgetSpent, RequestFailed) as reason:
        return _Stopped(reason)
