"""Chains of a question in waves: those of a wave run side by side, and only when all of them have ended is it decided
whether to go on. So what is asked next never depends on which reply came first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from pydantic import Field

from regenesis.methods.base import MethodSection, Session
from regenesis.methods.estimates import expected_share
from regenesis.scheduling import side_by_side
from regenesis.section import EXTENDS, default_was
from regenesis.types import GradedPath

Start = TypeVar("Start")

_LOST_A_CHAIN = 3
"""Paths that came to nothing for which a wave has one chain more than paths are missing.

Where few are right, hardly any of the chains is surplus, and a question without luck would go on one chain at a time,
with an engine that idles at the end of a run.
"""


class WavesConfig(MethodSection):
    """How many chains a question starts at a time, and when it starts no more."""

    wave: int = Field(default=4, ge=1, json_schema_extra=EXTENDS)
    """Most chains per question that run in parallel before it checks whether it has enough kept paths."""
    adaptive_waves: bool = Field(default=True, json_schema_extra=EXTENDS | default_was(False))
    """Start as many chains as paths are missing, and one more for every three that came to nothing: few surplus paths,
    and smaller waves. Needs `stop_early`."""
    stop_early: bool = Field(default=True, json_schema_extra=EXTENDS)
    """Stop sampling a question once it has enough kept paths."""
    give_up: int | None = Field(default=None, ge=1, json_schema_extra=EXTENDS)
    """End a pass over a question after this many paths without a right one; the pass with a hint still follows."""

    def expected_share(self, chains: int, chain_yield: float, paths_a_chain: int = 1) -> float:
        """Share of at most so many chains that a question is expected to start.

        Args:
            chains: Most chains.
            chain_yield: Supposed probability that a path is worth keeping.
            paths_a_chain: Paths that each of them comes to.
        """
        if not self.stop_early:
            return 1.0
        # adaptive waves overshoot hardly more than single chains do
        wave = paths_a_chain * (1 if self.adaptive_waves else self.wave)
        return expected_share(chains * paths_a_chain, wave, self.keep, chain_yield, give_up=self.give_up)

    def next_wave(self, session: Session, judged: Sequence[GradedPath], paths_a_chain: int = 1) -> int:
        """Chains to start next, given the paths so far; 0 for no more."""
        if self.give_up is not None and len(judged) >= self.give_up and not any(one.verdict.correct for one in judged):
            return 0
        if not self.stop_early:
            return self.wave
        kept = len(session.judge.select(judged, self.keep))
        missing = max(0, self.keep - kept)
        if not missing:
            return 0
        if not self.adaptive_waves:
            return self.wave
        lost = len(judged) - kept
        return min(self.wave, math.ceil((missing + lost // _LOST_A_CHAIN) / paths_a_chain))


async def in_waves(
    starts: Sequence[Start],
    next_wave: Callable[[list[GradedPath]], int],
    follow: Callable[[int, Start], Coroutine[Any, Any, Sequence[GradedPath]]],
) -> list[GradedPath]:
    """Follows chains, some at a time, until there are enough or no more to start.

    Args:
        starts: Where the chains start, in order.
        next_wave: Given what has come so far, how many chains to start next; 0 ends it.
        follow: Leads one chain to its end, given its place and its start; its paths.

    Returns:
        The paths in the order of their starts.
    """
    judged: list[GradedPath] = []
    begun = 0
    while begun < len(starts) and (size := next_wave(judged)):
        wave = list(enumerate(starts[begun : begun + size], begun))
        begun += len(wave)
        for paths in await side_by_side([follow(place, start) for place, start in wave]):
            judged += paths
    return judged
