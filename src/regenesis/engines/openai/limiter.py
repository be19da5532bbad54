"""How many requests one server is sent at once: additive increase, multiplicative decrease.

    limiter = Limiter(ceiling=32)
    if limiter.free:
        limiter.take()
        ...
        limiter.raise_slowly()   # or limiter.lower(sent_at, now), when the server says that it is too much
        limiter.give_back()

A window's worth of answers raises the limit by one; being told "too much" halves it. It is a plain counter:
who waits for a free place, and how, is the pool's affair.
"""

from __future__ import annotations

import math


class Limiter:
    """Counts requests in flight against a limit between 1 and `ceiling` that moves by itself."""

    def __init__(self, ceiling: int) -> None:
        """Starts at `ceiling`, which must be at least 1."""
        self.ceiling = ceiling
        self.in_flight = 0
        self._limit = float(ceiling)
        self._lowered_at = -math.inf

    @property
    def limit(self) -> int:
        return int(self._limit)

    @property
    def free(self) -> bool:
        return self.in_flight < self.limit

    @property
    def load(self) -> float:
        """Share of the limit that is in use; over 1 for a while after the limit was lowered."""
        return self.in_flight / self.limit

    def take(self) -> None:
        self.in_flight += 1

    def give_back(self) -> None:
        self.in_flight -= 1

    def raise_slowly(self) -> None:
        self._limit = min(float(self.ceiling), self._limit + 1 / self._limit)

    def lower(self, sent_at: float, now: float) -> None:
        """Halves the limit, counted from what was really in flight.

        Args:
            sent_at: When the request that was turned away was sent. One sent before the last lowering belongs to the
                crowd that caused it and lowers nothing again.
            now: The present, by the same clock.
        """
        if sent_at < self._lowered_at:
            return
        self._lowered_at = now
        self._limit = max(1.0, min(self._limit, self.in_flight) / 2)
