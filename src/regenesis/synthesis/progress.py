"""Where a synthesis stands, in counters that a display may look at whenever it likes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regenesis.curation import Funnel
from regenesis.methods import Outcome
from regenesis.scheduling.asking import Asking
from regenesis.scheduling.sampler import Sampler
from regenesis.synthesis.forecast import Room, rounds_left
from regenesis.types import GradedPath, Question

_ALONE = 0.85
"""Share of its width that a question uses: chains of one wave wait for the slowest of them."""
_LATELY = 2
"""Requests a place over which the time of a request is taken."""
_GONE_BY = 0.5
"""Share of the age of the requests in flight by which the rest of the run is shorter: the last to end are younger."""


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
        fit: Paths of this start that are right and fit, those of unfinished questions too.
        first_fit: The first of them, with its question.
        window: Questions under way at most, 0 before that is known.
        most_requests: The most requests that a question takes, 0 where that is not known.
    """

    questions: int = 0
    finished: int = 0
    served: int = 0
    kept: int = 0
    recalled_questions: int = 0
    funnel: Funnel = field(default_factory=Funnel)
    fit: int = 0
    first_fit: tuple[Question, GradedPath] | None = None
    window: int = 0
    most_requests: int = 0
    _took: Counter[int] = field(default_factory=Counter)
    """Questions finished in this start, by the requests that they took."""
    _width: float = 1.0
    """Most requests that a question had in flight, or waiting for a place, on average over those under way."""
    _past: list[tuple[int, float]] = field(default_factory=list)
    """Requests answered, and how long they took, at some moments."""

    def find_fit(self, question: Question, path: GradedPath) -> None:
        """Counts in a path that is right and fit; whether it is kept is known when its question is finished."""
        self.fit += 1
        self.first_fit = self.first_fit or (question, path)

    def finish(self, outcome: Outcome, left_out: Mapping[str, int]) -> None:
        """Counts a finished question in."""
        self.finished += 1
        self.served += bool(outcome.kept)
        self.kept += len(outcome.kept)
        if self.sampler is not None:
            self._took[self.sampler.traffic.finish(outcome.question.id)] += 1
        self.funnel.finish_question(outcome.question, outcome.judged, outcome.kept, left_out)

    def seconds_left(self) -> float | None:
        """A guess at the time left, from the requests that questions took and the time that requests took lately.

        `None` while there is nothing to go by.
        """
        sampler = self.sampler
        if sampler is None or sampler.traffic.sent - sampler.traffic.in_flight < 1:
            return None
        begun = list(sampler.traffic.answered_of.values())
        unfinished = self.questions - self.finished
        window = self.window or unfinished
        under_way = max(1, min(window, unfinished))
        self._width = max(self._width, (sampler.pool.taken + sampler.pool.waiting) / under_way)
        room = Room(sampler.pool.size, window, max(1.0, _ALONE * self._width))
        left = rounds_left(self._took, begun, max(0, unfinished - len(begun)), room, self.most_requests)
        if left is None:
            return None
        age = sampler.traffic.age(self.clock())
        seconds = self._request_seconds(sampler, age)
        return max(0.0, left * seconds - _GONE_BY * min(age, seconds))

    def _request_seconds(self, sampler: Sampler, age: float) -> float:
        """How long a request takes, by those that came back lately: engines that have less to do are faster.

        The first to come back are the shortest, so those in flight are supposed to take as long as they have taken.
        """
        traffic = sampler.traffic
        answered, took = traffic.sent - traffic.in_flight, traffic.seconds
        self._past.append((answered, took))
        while len(self._past) > 1 and answered - self._past[1][0] >= _LATELY * sampler.pool.size:
            self._past.pop(0)
        then, took_then = self._past[0] if self._past[0][0] < answered - sampler.pool.size else (0, 0.0)
        mean = (took - took_then) / (answered - then)
        return (took - took_then + traffic.in_flight * max(age, mean)) / (answered - then + traffic.in_flight)

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
            **self.prefix_counts(),
        }
