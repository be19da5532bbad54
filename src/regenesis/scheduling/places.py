"""Places in flight: who is served next.

Usually that is the chain of the oldest question, so that questions finish in about their order. Once few chains wait,
as they do towards the end, it is that of the question which the fewest chains have been led for: what such a question
still needs, one wave after another, takes longest, and begun last it would go on alone while the engine idles.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Protocol, Self

_FEW = 4
"""Chains a place that wait, up to which the least served question goes first."""
_SLACK = 64
"""Places in a line that may be held by those who no longer wait."""


class Places(Protocol):
    """Where chains take their places.

    Attributes:
        size: How many there are.
        taken: Chains that have one.
        waiting: Chains that wait for one.
    """

    taken: int

    @property
    def size(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    async def take(self, priority: tuple[int, ...], served: int = 0) -> None:
        """Waits for a place; the smallest priority is served first.

        Args:
            priority: Ends in the question's place in its run and the chain's place in the question.
            served: Chains of the same question that have ended.
        """

    def give_back(self) -> None:
        """Gives a place back, or hands it to the first who waits."""


_Line = list[tuple[tuple[int, ...], int, asyncio.Future[None]]]
"""Who waits, as a heap: a rank, the arrival, and what is set when the place is there."""


class Pool:
    """Places for chains; keeps account of how full it is."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0
        # the same futures in two orders; one that is done, served by the other line or given up, is passed over
        self._by_age: _Line = []
        self._by_service: _Line = []
        self._waiting = 0
        self._arrivals = itertools.count()

    @classmethod
    def of(cls, capacity: int) -> Self:
        """Places for an engine: a few more than its capacity, so that it is kept busy while completions are written
        down.
        """
        return cls(_places_for(capacity))

    def widen(self, capacity: int) -> None:
        """Makes room for an engine whose capacity turns out larger; those who wait are served."""
        while self.size < _places_for(capacity):
            self.size += 1
            self.taken += 1
            self.give_back()

    def behind(self, place: int) -> Places:
        """These places as one of several runs that share them sees them; a run with a smaller place goes first."""
        return _Share(self, place)

    @property
    def waiting(self) -> int:
        """Chains waiting for a place."""
        return self._waiting

    async def take(self, priority: tuple[int, ...], served: int = 0) -> None:
        """Waits for a place."""
        if self.taken < self.size:
            self.taken += 1
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        arrival = next(self._arrivals)
        heapq.heappush(self._by_age, (priority, arrival, future))
        heapq.heappush(self._by_service, ((*priority[:-2], served, *priority[-2:]), arrival, future))
        self._waiting += 1
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                # the place was handed over in the same moment; it must not be lost
                self.give_back()
            else:
                self._waiting -= 1
            raise

    def give_back(self) -> None:
        """Gives a place back, or hands it to the first who waits."""
        few = self._waiting <= _FEW * self.size
        line, other = (self._by_service, self._by_age) if few else (self._by_age, self._by_service)
        while line:
            _, _, future = heapq.heappop(line)
            if not future.done():
                self._waiting -= 1
                future.set_result(None)
                if len(other) > 2 * self._waiting + _SLACK:
                    other[:] = [one for one in other if not one[2].done()]
                    heapq.heapify(other)
                return
        self.taken -= 1


def _places_for(capacity: int) -> int:
    return capacity + capacity // 32


class _Share:
    """Places of a pool that several runs share, as one of them sees it."""

    def __init__(self, pool: Pool, place: int) -> None:
        self.taken, self.waiting = 0, 0
        self._pool = pool
        self._place = place

    @property
    def size(self) -> int:
        return self._pool.size

    async def take(self, priority: tuple[int, ...], served: int = 0) -> None:
        self.waiting += 1
        try:
            await self._pool.take((self._place, *priority), served)
        finally:
            self.waiting -= 1
        self.taken += 1

    def give_back(self) -> None:
        self.taken -= 1
        self._pool.give_back()
