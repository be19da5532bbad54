"""Chains of a question in waves: those of a wave run side by side, and only when all of them have ended is it decided
whether to go on. So what is asked next never depends on which reply came first.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from regenesis.scheduling import side_by_side
from regenesis.types import GradedPath

Start = TypeVar("Start")


async def in_waves(
    starts: Sequence[Start],
    size: int,
    follow: Callable[[int, Start], Coroutine[Any, Any, GradedPath]],
    enough: Callable[[list[GradedPath]], bool],
) -> list[GradedPath]:
    """Follows chains, `size` at a time, until there are enough or no more to start.

    Args:
        starts: Where the chains start, in order.
        size: Chains a wave.
        follow: Leads one chain to its end, given its place and its start.
        enough: Whether what has come so far will do; asked between waves.

    Returns:
        The paths in the order of their starts.
    """
    judged: list[GradedPath] = []
    for begin in range(0, len(starts), size):
        wave = enumerate(starts[begin : begin + size], begin)
        judged += await side_by_side([follow(place, start) for place, start in wave])
        if enough(judged):
            break
    return judged
