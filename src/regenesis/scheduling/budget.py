"""What one start of a run may spend, and the end of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from pydantic import Field

from regenesis.section import Section
from regenesis.types import Completion


class BudgetConfig(Section):
    """Limits at which a session stops cleanly; the next one resumes. None of them changes the requests."""

    requests: int | None = Field(default=None, ge=0)
    """Requests sent."""
    tokens: int | None = Field(default=None, ge=0)
    """Tokens, prompt and completion together."""
    minutes: float | None = Field(default=None, ge=0)
    """Minutes of wall-clock time."""


class BudgetSpent(Exception):
    """The budget of this start is used up; what was asked has been recorded."""


class Budget:
    """What one start of a run may still spend."""

    def __init__(self, config: BudgetConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        self._started = clock()
        self.requests = 0
        self.tokens = 0

    def exhausted(self) -> str | None:
        """What is used up, in words, or `None`."""
        limits = self._config
        if limits.requests is not None and self.requests >= limits.requests:
            return f"{limits.requests:,} requests"
        if limits.tokens is not None and self.tokens >= limits.tokens:
            return f"{limits.tokens:,} tokens"
        if limits.minutes is not None and self._clock() - self._started >= limits.minutes * 60:
            return f"{limits.minutes:g} minutes"
        return None

    def take_request(self) -> None:
        """Counts a request about to be sent.

        Raises:
            BudgetSpent: It may not be sent.
        """
        spent = self.exhausted()
        if spent is not None:
            raise BudgetSpent(spent)
        self.requests += 1

    def add_tokens(self, completion: Completion) -> None:
        """Counts the tokens of a completion that came back."""
        self.tokens += completion.prompt_tokens + completion.completion_tokens
