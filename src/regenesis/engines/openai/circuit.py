"""When to give up on the servers as a whole, so that a run never spins on one that is gone or refuses everything.

    circuit = Circuit(config.retry)
    circuit.answered("solve")                      # all is well again
    circuit.failed(sent_at, now, timed_out=False)  # a sentence once it is time to stop, else None

Four rules:

- `circuit_after` failures in a row, over all URLs, with no answer in between. Failures of requests that were
  already under way when the last one was counted are the same event (a restart cuts all connections at once)
  and count once. A time-out has waited long already and weighs a quarter of the whole count.
- "Too many requests" is no failure, but when nothing else has come for twenty times `longest_wait`, it ends.
- Twenty refusals in a row, over all requests or over those of one stage, are no fault of single requests: the config
  asks for something that the server does not accept, or the server accepts nothing any more. One question counts for
  eight of them at most, since its requests are much alike.
- A request refused for its length says nothing of others, once one of its stage has been answered.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from regenesis.engines.openai.config import RetryConfig

REFUSALS_IN_A_ROW = 20
"""So many refusals with no completion in between, and the engine stops."""

OF_ONE_QUESTION = 8
"""Most of them that one question counts for."""

SUSTAINED_WAITS = 20
"""Times `longest_wait` that "too many requests" may go on alone: twice the longest Retry-After that is obeyed."""


@dataclass(slots=True)
class _Row:
    """Refusals since the last completion, by question, and whether there has been a completion."""

    refusals: Counter[str] = field(default_factory=Counter)
    completed_any: bool = False

    @property
    def too_long(self) -> bool:
        return sum(min(count, OF_ONE_QUESTION) for count in self.refusals.values()) >= REFUSALS_IN_A_ROW

    def break_off(self) -> None:
        self.refusals.clear()
        self.completed_any = True


class Circuit:
    """Counts what went wrong since the last answer."""

    def __init__(self, retry: RetryConfig) -> None:
        self._retry = retry
        self._failures = 0
        self._counted_at = -math.inf
        self._too_much_since: float | None = None
        self._row = _Row()
        self._rows: defaultdict[str, _Row] = defaultdict(_Row)

    def answered(self, stage: str) -> None:
        """A completion came."""
        self._row.break_off()
        self._rows[stage].break_off()
        self._close()

    def refused(self, stage: str, question_id: str, *, for_length: bool = False) -> str | None:
        """A request was refused, which is an answer too: the server is well."""
        self._close()
        of_stage = self._rows[stage]
        if for_length and of_stage.completed_any:
            return None
        for row, whose in ((self._row, ""), (of_stage, f" of the stage {stage}")):
            row.refusals[question_id] += 1
            if row.too_long:
                count = row.refusals.total()
                if row.completed_any:
                    return f"the server has refused the last {count} requests{whose}"
                return f"the server refused the first {count} requests{whose} of this session and completed none"
        return None

    def failed(self, sent_at: float, now: float, *, timed_out: bool) -> str | None:
        """A request failed; the times are when it was sent and the present, by one clock."""
        if sent_at < self._counted_at:
            return None
        self._counted_at = now
        self._failures += max(1, self._retry.circuit_after // 4) if timed_out else 1
        if self._failures < self._retry.circuit_after:
            return None
        return f"the server is down: {self._retry.circuit_after} consecutive failures"

    def too_much(self, now: float) -> str | None:
        """The server answered "too many requests"."""
        if self._too_much_since is None:
            self._too_much_since = now
        limit = SUSTAINED_WAITS * self._retry.longest_wait
        if now - self._too_much_since <= limit:
            return None
        return f'the server has answered nothing but "too many requests" for {limit:.0f} s'

    def _close(self) -> None:
        self._failures = 0
        self._too_much_since = None
