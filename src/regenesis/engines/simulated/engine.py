"""The engine itself: a request in, a reply out that is drawn from the request alone.

Whether an answer is right is drawn with a probability of logistic(skill + difficulty of the question + difficulty of
its group + gains of what the chat holds + gain of training). Difficulties depend on the texts alone, so that they are
the same for every model of one `difficulty_seed`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import random
import time

from regenesis.engines.simulated import replies
from regenesis.engines.simulated.arithmetic import Arithmetic, Worked, find, work_out
from regenesis.engines.simulated.config import KIND, SimulatedEngineConfig
from regenesis.engines.simulated.training import Learned, read_learned
from regenesis.types import Completion, FinishReason, Message, Request

_FURTHEST_SLIP = 9
_LOST = Worked((), 0)


class SimulatedEngine:
    """A simulated model; see the module's text.

    Attributes:
        kind: `simulated`.
        model: its name, `@<12 hex digits>` of its parameters, and the adapter's digest behind a `+`.
        capacity: Requests answered at the same time.
    """

    kind: str = KIND
    model: str
    capacity: int

    def __init__(self, config: SimulatedEngineConfig) -> None:
        self.capacity = config.max_in_flight
        self._config = config
        self._learned = Learned()

    async def open(self) -> None:
        """Reads what a simulated training left.

        Raises:
            ModelError: The adapter cannot be read, or is not one of a simulated training.
        """
        if self._config.adapter is not None:
            self._learned = await asyncio.to_thread(read_learned, self._config.adapter)
        self.model = await asyncio.to_thread(self._config.identity)

    async def complete(self, request: Request) -> Completion:
        """Writes one completion."""
        started = time.monotonic()
        await asyncio.sleep(0)  # others get their turn, as with any engine that waits
        rng = random.Random(_drawn_from(request))
        text = self._reply(request.messages, rng)
        tokens, limit = replies.count_tokens(text), request.sampling.max_tokens
        finish: FinishReason = "stop"
        if rng.random() < self._config.truncated or tokens > limit:
            words = text.split(" ")
            text = " ".join(words[: max(1, min(len(words) // 2, int(limit / replies.TOKENS_A_WORD)))])
            tokens, finish = limit, "length"
        read = sum(replies.count_tokens(message.content) for message in request.messages)
        return Completion(text, finish, read, tokens, KIND, time.monotonic() - started)

    async def close(self) -> None:
        """Nothing is held."""

    def chance(self, question: Arithmetic, chat: str) -> float:
        """Probability of a right answer to a question in a chat.

        Args:
            question: The question.
            chat: The text of all messages.
        """
        skill, spread = self._config.skill, self._config.gain
        text = f"{question.premise} {question.expression}"
        odds = skill.mean
        odds += skill.by_question * self._difficulty("question", text)
        odds += skill.by_group * self._difficulty("group", question.premise)
        odds += skill.guideline * replies.holds_guideline(chat) + skill.plan * replies.holds_plan(chat)
        odds += skill.hint * (replies.stated_answer(chat) is not None)
        gain = self._learned.gain_on(question)
        if gain:
            odds += gain
            odds += spread.by_question * self._difficulty("gain by question", text)
            odds += spread.by_group * self._difficulty("gain by group", question.premise)
        return 1 / (1 + math.exp(-max(-700.0, min(700.0, odds))))

    def _difficulty(self, of: str, text: str) -> float:
        """A standard normal number that belongs to a text."""
        return random.Random(f"{self._config.difficulty_seed} {of} {text}").gauss(0, 1)

    def _reply(self, messages: tuple[Message, ...], rng: random.Random) -> str:
        last = messages[-1].content
        match replies.asked_for(messages):
            case "judgement":
                return "Yes." if replies.boxed(last) == str(replies.stated_answer(last)) else "No."
            case "final answer":
                stated = replies.boxed(last)
                return f"\\boxed{{{stated}}}" if stated is not None else "It states no final answer."
            case "selection":
                return replies.selection(rng)
            case "guidelines":
                return replies.guidelines(last, rng)
            case "plan":
                return replies.plan(rng)
            case "guideline":
                return replies.guideline(rng)
            case kind:
                question = next(
                    (found for one in messages if one.role == "user" and (found := find(one.content))), None
                )
                if question is None:
                    return "There is no arithmetic in this question that could be worked out by rule."
                before = replies.preparation(rng) if kind == "parts" else ""
                chat = "\n".join([*(message.content for message in messages), before])
                worked = self._worked(question, chat, rng)
                with_answer = rng.random() >= self._config.without_answer
                if kind == "answer alone":
                    return f"\\boxed{{{worked.answer}}}" if with_answer else "I cannot say."
                return before + replies.solution(worked, rng, with_answer=with_answer)

    def _worked(self, question: Arithmetic, chat: str, rng: random.Random) -> Worked:
        """A question worked out, rightly or with a slip."""
        right = work_out(question.expression) or _LOST
        if rng.random() < self.chance(question, chat):
            return right
        slip = rng.choice((-1, 1)) * rng.randint(1, _FURTHEST_SLIP)
        wrong = work_out(question.expression, rng.randrange(1000), slip) or right
        # a product with nought undoes a slip, and a question without an operation has no place for one
        return wrong if wrong.answer != right.answer else Worked(right.steps, right.answer + slip)


def _drawn_from(request: Request) -> str:
    """What a reply is drawn from: all of a request, and at temperature 0 the chat alone."""
    if request.sampling.temperature != 0:
        return request.key
    chat = [request.model, [[message.role, message.content] for message in request.messages]]
    return hashlib.sha256(json.dumps(chat).encode()).hexdigest()
