"""Where a synthesis stands, in counters that a display may look at whenever it likes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from regenesis.curation import Funnel
from regenesis.methods import Outcome
from regenesis.scheduling.asking import Asking
from regenesis.synthesis.forecast import requests_left
from regenesis.types import GradedPath, Question


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
    """

    questions: int = 0
    finished: int = 0
    served: int = 0
    kept: int = 0
    recalled_questions: int = 0
    funnel: Funnel = field(default_factory=Funnel)
    fit: int = 0
    first_fit: tuple[Question, GradedPath] | None = None
    _took: Counter[int] = field(default_factory=Counter)
    """Questions finished in this start, by the requests that they took."""

    def find_fit(self, question: Question, path: GradedPath) -> None:
        """Counts in a path that is right and fit; whether it is kept is known when its question is finished."""
        self.fit += 1
        self.first_fit = self.first_fit or (question, path)

    def finish(self, outcome: Outcome, near_duplicates: int) -> None:
        """Counts a finished question in."""
        self.finished += 1
        self.served += bool(outcome.kept)
        self.kept += len(outcome.kept)
        if self.sampler is not None:
            self._took[self.sampler.traffic.finish(outcome.question.id)] += 1
        self.funnel.finish_question(outcome.question, outcome.judged, outcome.kept, near_duplicates)

    def seconds_left(self) -> float | None:
        """A guess at the time left, from the requests that questions took so far and the pace of this start.

        `None` while there is nothing to go by.
        """
        traffic = self.sampler.traffic if self.sampler is not None else None
        answered = traffic.sent - traffic.in_flight if traffic is not None else 0
        if traffic is None or answered < 1:
            return None
        begun = list(traffic.answered_of.values())
        untouched = max(0, self.questions - self.finished - len(begun))
        left = requests_left(dict(self._took), begun, untouched)
        return None if left is None else left * (self.clock() - self._asking_since) / answered

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
