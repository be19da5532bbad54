"""When to give up on the servers as a whole, so that a run never spins on one that is gone.

    circuit = Circuit(config.retry)
    circuit.answered()                             # all is well again
    circuit.failed(sent_at, now, timed_out=False)  # a sentence once it is time to stop, else None

Three rules:

- `circuit_after` failures in a row, over all URLs, with no answer in between. Failures of requests that were
  already under way when the last one was counted are the same event (a restart cuts all connections at once)
  and count once. A time-out has waited long already and weighs a quarter of the whole count.
- "Too many requests" is no failure, but when nothing else has come for twenty times `longest_wait`, it ends.
- A session whose first twenty answers are all refusals has a wrong config, not twenty wrong prompts.
"""

from __future__ import annotations

import math

from regenesis.config import RetryConfig

REFUSALS_AT_START = 20
"""So many refusals before the first completion of a session, and the engine stops."""

SUSTAINED_WAITS = 20
"""Times `longest_wait` that "too many requests" may go on alone: twice the longest Retry-After that is obeyed."""


class Circuit:
    """Counts what went wrong since the last answer."""

    def __init__(self, retry: RetryConfig) -> None:
        self._retry = retry
        self._failures = 0
        self._counted_at = -math.inf
        self._too_much_since: float | None = None
        self._refusals = 0
        self._completed_any = False

    def answered(self) -> None:
        """A completion came."""
        self._completed_any = True
        self._close()

    def refused(self) -> str | None:
        """A request was refused, which is an answer too: the server is well."""
        self._close()
        self._refusals += 1
        if self._completed_any or self._refusals < REFUSALS_AT_START:
            return None
        return (
            f"the server refused the first {self._refusals} requests of this session and completed none: "
            "the config asks for something that it does not accept"
        )

    def failed(self, sent_at: float, now: float, *, timed_out: bool) -> str | None:
        """A request failed; the times are when it was sent and the present, by one clock."""
        if sent_at < self._counted_at:
            return None
        self._counted_at = now
        self._failures += max(1, self._retry.circuit_after // 4) if timed_out else 1
        if self._failures < self._retry.circuit_after:
            return None
        return f"the server stays down: {self._retry.circuit_after} failures in a row with no answer in between"

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
