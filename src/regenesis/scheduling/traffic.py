"""What has gone through a sampler since the start, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from regenesis.types import Request


@dataclass(slots=True)
class Refusals:
    """Refused requests of one stage.

    Attributes:
        count: How many.
        words: What was said to the first of them.
    """

    count: int = 0
    words: str = ""

    def add(self, words: str) -> None:
        """Counts one in."""
        self.count += 1
        self.words = self.words or words


@dataclass(slots=True)
class Traffic:
    """What has gone through a sampler since the start."""

    asked: int = 0
    recalled: int = 0
    sent: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    """Requests answered, by the engine or the ledger, by stage."""
    answered_of: Counter[str] = field(default_factory=Counter)
    """The same by question, of those that are not finished."""
    chains_ended: Counter[str] = field(default_factory=Counter)
    """Chains that have ended, by question; of those that are not finished."""
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    only_thought: int = 0
    """Completions that came to nothing but a thought."""
    cut_in_thought: int = 0
    """Those of them that were cut at their limit."""
    replied: bool = False
    """Whether any completion held a reply."""
    stalled: int = 0
    """Prompts that the engine counted no more tokens in than in the shorter chats that they go on with."""
    refusals: dict[str, Refusals] = field(default_factory=dict)
    """Requests that the engine refused and that a later start asks again, by stage."""
    seconds: float = 0.0
    """How long the requests took that came back, all together."""
    _begun: float = 0.0
    """The moments at which those in flight went out, all together."""

    def note_answer(self, request: Request) -> None:
        """Notes that a request was answered, by the engine or the ledger."""
        self.answered[request.stage] += 1
        self.answered_of[request.question_id] += 1

    def finish(self, question_id: str) -> int:
        """Forgets a question that is finished; gives the requests that it took."""
        self.chains_ended.pop(question_id, None)
        return self.answered_of.pop(question_id, 0)

    def begin(self, now: float) -> None:
        """Notes that a request went out."""
        self.in_flight += 1
        self._begun += now

    def end(self, begun: float, now: float) -> None:
        """Notes that a request which went out at a moment came back."""
        self.in_flight -= 1
        self._begun -= begun
        self.seconds += now - begun

    def age(self, now: float) -> float:
        """How long the requests in flight have been so, on average."""
        return now - self._begun / self.in_flight if self.in_flight else 0.0
