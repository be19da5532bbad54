"""Places in flight: who is served next."""

from __future__ import annotations

import asyncio
import heapq
import itertools


class Pool:
    """Places for chains, given to the smallest priority first; keeps account of how full it is."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0
        self._waiting: list[tuple[tuple[int, ...], int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

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
