"""Places in flight: who is served next."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Protocol, Self


class Places(Protocol):
    """Where chains take their places.

    Attributes:
        size: How many there are.
        taken: Chains that have one.
    """

    size: int
    taken: int

    async def take(self, priority: tuple[int, ...]) -> None:
        """Waits for a place; the smallest priority is served first."""

    def give_back(self) -> None:
        """Gives a place back, or hands it to the first who waits."""


class Pool:
    """Places for chains, given to the smallest priority first; keeps account of how full it is."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0
        self._waiting: list[tuple[tuple[int, ...], int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    @classmethod
    def of(cls, capacity: int) -> Self:
        """Places for an engine: a few more than its capacity, so that it is kept busy while completions are written
        down.
        """
        return cls(capacity + capacity // 32)

    def behind(self, place: int) -> Places:
        """These places as one of several runs that share them sees them; a run with a smaller place goes first."""
        return _Share(self, place)

    @property
    def waiting(self) -> int:
        """Chains waiting for a place."""
        return sum(not future.done() for _, _, future in self._waiting)

    async def take(self, priority: tuple[int, ...]) -> None:
        """Waits for a place."""
        if self.taken < self.size:
            self.taken += 1
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._arrivals), future))
        try:
            await future
        except asyncio.CancelledError:
            # the place may have been handed over in the same moment; it must not be lost
            if future.done() and not future.cancelled():
                self.give_back()
            raise

    def give_back(self) -> None:
        """Gives a place back, or hands it to the first who waits."""
        while self._waiting:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)
                return
        self.taken -= 1


class _Share:
    """Places of a pool that several runs share, as one of them sees it."""

    def __init__(self, pool: Pool, place: int) -> None:
        self.size, self.taken = pool.size, 0
        self._pool = pool
        self._place = place

    async def take(self, priority: tuple[int, ...]) -> None:
        await self._pool.take((self._place, *priority))
        self.taken += 1

    def give_back(self) -> None:
        self.taken -= 1
        self._pool.give_back()
