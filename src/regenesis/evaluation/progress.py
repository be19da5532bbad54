"""Where an evaluation stands, in counters that a display may look at whenever it likes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from regenesis.scheduling.asking import Asking
from regenesis.types import Result

_PART_DONE = 0.4
"""Of a request in flight, as the time left counts it."""


@dataclass(slots=True)
class TaskCount:
    """One model on one task so far."""

    answered: int = 0
    correct: int = 0
    unparsed: int = 0
    truncated: int = 0


@dataclass(slots=True)
class EvaluationProgress(Asking):
    """Counters of one start of an evaluation.

    Attributes:
        models: Names of the models, in the order they are measured.
        model: The one being measured.
        tasks: Questions of each task.
        counts: By model and task.
        recalled: Answers that were in the ledger already.
        sent: Requests sent in this start, over all models.
        prompt_tokens: Tokens of the prompts sent in this start.
        completion_tokens: New tokens in this start.
    """

    models: list[str] = field(default_factory=list)
    model: str = ""
    tasks: dict[str, int] = field(default_factory=dict)
    counts: dict[str, dict[str, TaskCount]] = field(default_factory=dict)
    recalled: int = 0
    _past: tuple[int, int, int] = (0, 0, 0)
    _asked: int = 0

    def begin(self, models: list[str], tasks: dict[str, int]) -> None:
        """Notes what is to be measured on what."""
        self.tasks = tasks
        self.models = models

    def begin_model(self, name: str) -> None:
        """Notes that a model's turn has come; its counters start from nothing."""
        self.recalled -= sum(count.answered for count in self.counts.get(name, {}).values())
        self.counts[name] = {task: TaskCount() for task in self.tasks}
        self.model, self.fetched, self._asked = name, None, 0

    def end_model(self) -> None:
        """Notes that the engine is asked no more."""
        self._past = (self.sent, self.prompt_tokens, self.completion_tokens)
        if self.engine is not None:
            self.engines_before.append(self.engine)
        self.sampler = self.engine = None
        self._marks.clear()

    def finish(self, result: Result, *, recalled: bool) -> None:
        """Counts an answer in."""
        count = self.counts[result.model][result.task]
        count.answered += 1
        count.correct += result.verdict.correct
        count.unparsed += result.verdict.status == "unparsed"
        count.truncated += result.truncated
        self.recalled += recalled
        self._asked += not recalled

    @property
    def questions(self) -> int:
        """Questions of one model."""
        return sum(self.tasks.values())

    @property
    def answered(self) -> int:
        """Of those, answered by the model being measured."""
        return sum(count.answered for count in self.counts.get(self.model, {}).values())

    @property
    def sent(self) -> int:
        return self._past[0] + (self.sampler.traffic.sent if self.sampler else 0)

    @property
    def prompt_tokens(self) -> int:
        return self._past[1] + (self.sampler.traffic.prompt_tokens if self.sampler else 0)

    @property
    def completion_tokens(self) -> int:
        return self._past[2] + (self.sampler.traffic.completion_tokens if self.sampler else 0)

    def seconds_left(self) -> float | None:
        """A guess at the time left for the model being measured, `None` while there is nothing to go by."""
        if self.sampler is None or not self._asked:
            return None
        # of what is in flight a part is done: in a small evaluation that is all until near its end. Less than the half
        # that it is on average, since the longest replies decide when the last has come
        under_way = _PART_DONE * self.in_flight
        left = self.questions - self.answered - under_way
        return max(0.0, (self.clock() - self._asking_since) * left / (self._asked + under_way))

    def snapshot(self) -> dict[str, Any]:
        """The counters as plain values, for the log."""
        return {
            "phase": self.phase,
            "model": self.model,
            "answered": self.answered,
            "questions": self.questions,
            "elapsed_s": round(self.elapsed, 1),
            "requests_sent": self.sent,
            "requests_recalled": self.recalled,
            "in_flight": self.in_flight,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "tokens_per_second": round(self.tokens_per_second(), 1),
            **self.prefix_counts(),
        }
