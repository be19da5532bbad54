"""Where a stage that asks an engine stands, in counters that a display may look at whenever it likes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from regenesis.engines.base import Engine
from regenesis.scheduling.sampler import Sampler

_RATE_WINDOW = 60.0
"""Seconds over which the current speed is taken."""


@dataclass(slots=True)
class Asking:
    """Counters of a stage that asks an engine.

    Attributes:
        phase: What is being done, in a word or two.
        fetched: Bytes of the model fetched so far and in all, `None` if it was here already.
        sampler: Through what the engine is asked, `None` before it is.
        engine: The engine, opened.
        engines_before: Those that were asked before it in this start.
        clock: Seconds that only go up.
    """

    phase: str = "loading questions"
    fetched: tuple[int, int] | None = None
    started: float = field(default_factory=time.monotonic)
    sampler: Sampler | None = None
    engine: Engine | None = None
    engines_before: list[Engine] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic
    _asking_since: float = 0.0
    _marks: list[tuple[float, int]] = field(default_factory=list)

    def fetching(self, done: int, total: int) -> None:
        """Notes how much of the model has been fetched."""
        self.fetched = (done, total)

    def begin_asking(self, sampler: Sampler) -> None:
        """Notes that the engine is ready, and through what it is asked."""
        self.sampler, self.phase, self._asking_since = sampler, "asking", self.clock()

    @property
    def in_flight(self) -> int:
        """Requests at the server; where the engine tells, those that wait in it for their turn are not counted."""
        statistics = getattr(self.engine, "statistics", None)
        if statistics is not None:
            return int(statistics.in_flight)
        return self.sampler.traffic.in_flight if self.sampler is not None else 0

    def prefix_counts(self) -> dict[str, int]:
        """Tokens of prompts that were looked up in prefix caches and those found there, where an engine tells."""
        engines = [*self.engines_before, self.engine]
        told = [counts for one in engines if (counts := getattr(one, "prefix_tokens", None)) is not None]
        if not told:
            return {}
        return {"prefix_asked": sum(asked for asked, _ in told), "prefix_found": sum(found for _, found in told)}

    @property
    def elapsed(self) -> float:
        """Seconds since this start."""
        return self.clock() - self.started

    def tokens_per_second(self) -> float:
        """New tokens a second, over the last minute."""
        if self.sampler is None:
            return 0.0
        # long replies count while they are written, where the engine tells; else nothing would show for minutes
        tokens = self.sampler.traffic.completion_tokens + getattr(self.engine, "tokens_under_way", 0)
        now = self.clock()
        self._marks.append((now, tokens))
        while len(self._marks) > 2 and now - self._marks[0][0] > _RATE_WINDOW:
            self._marks.pop(0)
        then, before = self._marks[0]
        return max(0, tokens - before) / (now - then) if now > then else 0.0
