"""An engine within the test's process that plays the stages of a chain, and what is made for tests around it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tests.fixtures.script import play_arithmetic

from regenesis.types import Completion, Message, Question, Request, Sampling


class PlayedEngine:
    """Answers by a function of the request alone, so that the same request always has the same answer.

    Attributes:
        asked: Requests in the order asked.
        peak: Most requests in flight at once.
    """

    kind = "played"

    def __init__(
        self,
        answer: Callable[[Request], str | Completion | Exception] | None = None,
        *,
        capacity: int = 8,
        model: str = "played",
        before: Callable[[Request], Awaitable[Any]] | None = None,
    ) -> None:
        self.model = model
        self.capacity = capacity
        self.asked: list[Request] = []
        self.in_flight = self.peak = self.opened = 0
        self._answer = answer or play
        self._before = before

    async def open(self) -> None:
        self.opened += 1

    async def complete(self, request: Request) -> Completion:
        self.asked.append(request)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            await (self._before(request) if self._before is not None else asyncio.sleep(0))
            answer = self._answer(request)
        finally:
            self.in_flight -= 1
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Completion) else completion(answer)

    async def close(self) -> None:
        pass

    def stages(self) -> list[str]:
        """The stages asked, in order."""
        return [request.stage for request in self.asked]

    def of_stage(self, stage: str) -> list[Request]:
        return [request for request in self.asked if request.stage == stage]


def play(request: Request) -> str:
    """The scripted server's arithmetic, without a server."""
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    return play_arithmetic({"messages": messages, "seed": request.seed})


def completion(text: str, *, finish_reason: Any = "stop", prompt_tokens: int = 10) -> Completion:
    return Completion(text, finish_reason, prompt_tokens, max(1, len(text) // 4), "played", 0.01)


REFUSED = Completion("", "refused", 0, 0, "played", 0.01, error="too long")


def question(number: int = 0, *, gold: str | None = "42", text: str | None = None, **fields: Any) -> Question:
    """A number question that the played model answers rightly for about half of all seeds."""
    marker = f" [[gold={gold}]]" if gold is not None else ""
    body = text or f"Question {number}: one shelf holds some books and another the rest. How many are there?{marker}"
    return Question(
        **({"id": f"toy/train/{number}", "task": "toy", "text": body, "gold": gold, "kind": "number"} | fields)
    )


def request(
    *,
    text: str = "How many?",
    seed: int = 0,
    sample: int = 0,
    model: str = "played",
    sampling: Sampling = Sampling(0.8, 0.95, 64),  # noqa: B008
    question_id: str = "toy/train/0",
    stage: str = "solve",
    messages: Sequence[Message] | None = None,
) -> Request:
    chat = tuple(messages) if messages is not None else (Message("user", text),)
    return Request(model, chat, sampling, seed, sample, question_id, stage)


SOLUTION = (
    "1. The first shelf holds 30 books.\n"
    "2. The second shelf holds 12 books more than nothing, so 12.\n"
    "3. Together that is 30 + 12 = 42.\n\n"
    "The final answer is \\boxed{42}."
)


def solution(answer: str) -> str:
    """A path to another answer, without an equation that this answer would make false."""
    return SOLUTION.replace("that is 30 + 12 = 42", "the two shelves hold as many as this").replace("42", answer)


PLAN = "1. Find the books on the first shelf.\n2. Find those on the second.\n3. Add them up."
