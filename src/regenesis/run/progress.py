"""Where a stage stands, in counters that a display may look at whenever it likes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from regenesis.curation import Funnel
from regenesis.engines.base import Engine
from regenesis.methods import Outcome
from regenesis.scheduling import Sampler

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
    """

    phase: str = "loading questions"
    fetched: tuple[int, int] | None = None
    started: float = field(default_factory=time.monotonic)
    sampler: Sampler | None = None
    engine: Engine | None = None
    _asking_since: float = 0.0
    _marks: list[tuple[float, int]] = field(default_factory=list)

    def fetching(self, done: int, total: int) -> None:
        """Notes how much of the model has been fetched."""
        self.fetched = (done, total)

    def begin_asking(self, sampler: Sampler) -> None:
        """Notes that the engine is ready, and through what it is asked."""
        self.sampler, self.phase, self._asking_since = sampler, "asking", time.monotonic()

    @property
    def in_flight(self) -> int:
        """Requests at the server; where the engine tells, those that wait in it for their turn are not counted."""
        statistics = getattr(self.engine, "statistics", None)
        if statistics is not None:
            return int(statistics.in_flight)
        return self.sampler.traffic.in_flight if self.sampler is not None else 0

    @property
    def elapsed(self) -> float:
        """Seconds since this start."""
        return time.monotonic() - self.started

    def tokens_per_second(self) -> float:
        """New tokens a second, over the last minute."""
        if self.sampler is None:
            return 0.0
        now, tokens = time.monotonic(), self.sampler.traffic.completion_tokens
        self._marks.append((now, tokens))
        while len(self._marks) > 2 and now - self._marks[0][0] > _RATE_WINDOW:
            self._marks.pop(0)
        then, before = self._marks[0]
        return (tokens - before) / (now - then) if now > then else 0.0


@dataclass(slots=True)
class Progress(Asking):
    """Counters of one start of a synthesis.

    Attributes:
        questions: Questions of the run.
        finished: Of those, finished in this or an earlier start.
        served: Of those, with at least one kept path.
        kept: Paths kept over all finished questions.
        recalled_questions: Questions already finished when this start began.
        funnel: Counts of the questions finished in this start.
    """

    questions: int = 0
    finished: int = 0
    served: int = 0
    kept: int = 0
    recalled_questions: int = 0
    funnel: Funnel = field(default_factory=Funnel)
    _asked_by_finished: int = 0

    def finish(self, outcome: Outcome, near_duplicates: int) -> None:
        """Counts a finished question in."""
        self.finished += 1
        self.served += bool(outcome.kept)
        self.kept += len(outcome.kept)
        self._asked_by_finished += sum(len(one.path.steps) + len(one.path.retries) for one in outcome.judged)
        self.funnel.finish_question(outcome.question, outcome.judged, outcome.kept, near_duplicates)

    def seconds_left(self) -> float | None:
        """A guess at the time left, from the requests that finished questions took and the pace of this start.

        `None` while there is nothing to go by.
        """
        done, traffic = self.finished - self.recalled_questions, self.sampler.traffic if self.sampler else None
        answered = traffic.sent - traffic.in_flight if traffic is not None else 0
        if traffic is None or done < 1 or answered < 1:
            return None
        unfinished = self.questions - self.finished
        begun = answered + traffic.recalled - self._asked_by_finished
        left = max(unfinished * self._asked_by_finished / done - begun, unfinished)
        return left * (time.monotonic() - self._asking_since) / answered

    def snapshot(self) -> dict[str, Any]:
        """The counters as plain values, for the log."""
        traffic = self.sampler.traffic if self.sampler is not None else None
        return {
            "phase": self.phase,
            "questions": self.questions,
            "finished": self.finished,
            "served": self.served,
            "kept": self.kept,
            "elapsed_s": round(self.elapsed, 1),
            "requests_sent": traffic.sent if traffic else 0,
            "requests_recalled": traffic.recalled if traffic else 0,
            "in_flight": self.in_flight,
            "prompt_tokens": traffic.prompt_tokens if traffic else 0,
            "completion_tokens": traffic.completion_tokens if traffic else 0,
            "tokens_per_second": round(self.tokens_per_second(), 1),
        }
