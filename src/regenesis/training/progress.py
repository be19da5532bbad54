"""Where a training stands, in figures that a display may look at whenever it likes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class TrainingProgress:
    """Figures of one start of a training.

    Attributes:
        phase: What is being done, in a few words.
        fetched: Bytes of the model fetched so far and in all, `None` if it was here already.
        notes: What the user should know while it goes on: rows left out, what changed since the last training.
        step: Optimiser steps done.
        steps: Optimiser steps in all, 0 while they are not known.
        resumed_at: The step this start began after.
        epoch: Passes over the data so far.
        loss: Of the last step, a supervised token.
        grad_norm: Of the last step, before it was scaled down.
        learning_rate: Of the last step.
        tokens: Tokens trained on so far, prompts included.
        tokens_per_second: In the last steps.
        started: When this start began, in seconds of the monotonic clock.
        stepping_since: When its first step began.
        stepped: When its last step ended.
    """

    phase: str = "getting ready"
    fetched: tuple[int, int] | None = None
    notes: list[str] = field(default_factory=list)
    step: int = 0
    steps: int = 0
    resumed_at: int = 0
    epoch: float = 0.0
    loss: float | None = None
    grad_norm: float | None = None
    learning_rate: float | None = None
    tokens: int = 0
    tokens_per_second: float = 0.0
    started: float = field(default_factory=time.monotonic)
    stepping_since: float | None = None
    stepped: float | None = None

    def fetching(self, done: int, total: int) -> None:
        """Notes how much of the model has been fetched."""
        self.fetched = (done, total)

    @property
    def elapsed(self) -> float:
        """Seconds since this start."""
        return time.monotonic() - self.started

    def seconds_left(self) -> float | None:
        """A guess at the time left, from the pace of this start; `None` while there is nothing to go by."""
        done = self.step - self.resumed_at
        if self.stepping_since is None or self.stepped is None or done < 1:
            return None
        a_step = (self.stepped - self.stepping_since) / done
        # of the step under way what it has taken, but no more than a step: it may be a longer one than those before
        under_way = min(time.monotonic() - self.stepped, a_step)
        return max(0.0, (self.steps - self.step) * a_step - under_way)
