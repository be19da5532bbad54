"""Completions for chains: out of the ledger, or else from the engine.

A method asks for completions through a `Chain`; the chain looks each request up in the ledger, and only a miss goes to
the engine. A chain takes a place in flight at its first miss and keeps it to its end, so that an engine that caches
prefixes finds the chain's earlier messages where it left them.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from regenesis.engines.base import Engine
from regenesis.errors import NothingButThoughts
from regenesis.ledger import Ledger
from regenesis.scheduling.budget import Budget
from regenesis.scheduling.places import Places, Pool
from regenesis.scheduling.traffic import Refusals, Traffic
from regenesis.types import Completion, Message, Question, Request, Sampling, seed_from

_THOUGHTS_WITHOUT_REPLY = 20
"""Completions at the beginning of a start that may all be thoughts without a reply."""
_MOST_CHARACTERS_A_TOKEN = 12
"""Of a prompt: a count of fewer tokens cannot be one of the whole."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion and the key that it is recorded under."""

    key: str
    completion: Completion


class Sampler:
    """Answers requests from the ledger or else from the engine; a completion is on disk before it is returned.

    A refusal is no answer and is not written down: a later start, with the server or the limits mended, asks again.
    What a content filter withheld is written down once an answer to another request of its stage, or the end of the
    start, shows that it is about what the text says and not about an account that gets nothing any more.

    Attributes:
        unanswered: Ids of the questions with a request that is not written down.
    """

    def __init__(
        self, engine: Engine, ledger: Ledger, budget: Budget, run_seed: int, *, room_for_thought: int = 0
    ) -> None:
        """Sets up; nothing is sent yet.

        Args:
            engine: Where tokens come from, opened.
            ledger: Where they are recorded.
            budget: What may be spent.
            run_seed: The run's seed.
            room_for_thought: New tokens that a thought may take on top of every limit for a reply.
        """
        self.room_for_thought = room_for_thought
        self._engine = engine
        self._ledger = ledger
        self._budget = budget
        self._run_seed = run_seed
        # an engine that several runs share brings the places that they share
        self.pool: Places = getattr(engine, "places", None) or Pool.of(engine.capacity)
        self.traffic = Traffic()
        self.unanswered: set[str] = set()
        self._withheld: dict[str, list[tuple[Request, Completion]]] = {}

    def behind(self, run_seed: int) -> Sampler:
        """A sampler of other requests, whose chains take only places that no chain of this one waits for.

        What it sends counts with what this one sends.

        Args:
            run_seed: What its requests' seeds derive from.
        """
        pool = self.pool
        assert isinstance(pool, Pool)  # what experiments share is divided already
        other = Sampler(self._engine, self._ledger, self._budget, run_seed)
        self.pool, other.pool = pool.behind(0), pool.behind(1)
        other.traffic = self.traffic
        return other

    @asynccontextmanager
    async def chain(self, question: Question, ordinal: int, label: str, index: int = 0) -> AsyncIterator[Chain]:
        """A chain of requests for one question.

        Args:
            question: The question.
            ordinal: Its place in the run, for the order of service only.
            label: Names the chain among those of its question; enters its seeds.
            index: Place of the chain within its question, for the order of service only.
        """
        chain = Chain(self, question, label, (ordinal, index))
        try:
            yield chain
        finally:
            self.traffic.chains_ended[question.id] += 1
            chain.leave()

    async def _answer(self, request: Request, chain: Chain) -> Reply:
        key = request.key
        self.traffic.asked += 1
        recorded = self._ledger.get(key) or await self._ledger.take_over(request)
        if recorded is not None:
            self.traffic.recalled += 1
            self.traffic.note_answer(request)
            return Reply(key, recorded)
        await chain.enter()
        self._budget.take_request()
        completion = await self._send(request)
        self._budget.add_tokens(completion)
        self.traffic.note_answer(request)
        if completion.refused:
            self._note_refusal(request, completion)
        else:
            await self._ledger.put(request, completion)
            if self._withheld:
                await self._record_withheld(request.stage)
            self._require_replies(completion, chain)
        return Reply(key, completion)

    async def settle(self) -> None:
        """Writes down what was waited with; call it when a start has come to its end."""
        for stage in list(self._withheld):
            await self._record_withheld(stage)

    def _note_refusal(self, request: Request, completion: Completion) -> None:
        self.unanswered.add(request.question_id)
        if completion.finish_reason == "filtered":
            self._withheld.setdefault(request.stage, []).append((request, completion))
        else:
            self.traffic.refusals.setdefault(request.stage, Refusals()).add(completion.error or "")

    async def _record_withheld(self, stage: str) -> None:
        for request, completion in self._withheld.pop(stage, ()):
            await self._ledger.put(request, completion)

    def _require_replies(self, completion: Completion, chain: Chain) -> None:
        """Stops a start in which the model thinks and never comes to a reply.

        Raises:
            NothingButThoughts: Its first completions all came to nothing.
        """
        traffic = self.traffic
        # a text that was cut may be a thought that the chat template opened; a later thought in its chain shows it
        cut_before = completion.thought != "" and chain.cut_without_thought
        if not completion.only_thought and not cut_before:
            traffic.replied = traffic.replied or not _cut_without_thought(completion)
            return
        traffic.only_thought += 1
        traffic.cut_in_thought += cut_before or completion.finish_reason == "length"
        if not traffic.replied and traffic.only_thought >= _THOUGHTS_WITHOUT_REPLY:
            raise NothingButThoughts(_said_of_thoughts(traffic, self.room_for_thought))

    async def _send(self, request: Request) -> Completion:
        traffic = self.traffic
        traffic.sent += 1
        begun = time.monotonic()
        traffic.begin(begun)
        try:
            completion = await self._engine.complete(request)
        finally:
            traffic.end(begun, time.monotonic())
        traffic.prompt_tokens += completion.prompt_tokens
        traffic.completion_tokens += completion.completion_tokens
        return completion

    @property
    def model(self) -> str:
        return self._engine.model

    @property
    def run_seed(self) -> int:
        return self._run_seed


def _said_of_thoughts(traffic: Traffic, room_for_thought: int) -> str:
    """What is said of a model that thinks and never comes to a reply, and what helps."""
    if not traffic.cut_in_thought:
        return (
            f"The model returned thinking but no reply in the first {traffic.only_thought} completions of this "
            "session. "
            "The server may mistake replies for thinking: start it without its reasoning parser, or with the one "
            "that fits the model, and start a new run folder, since these completions stay recorded."
        )
    if room_for_thought:
        advice = f"Raise `thinking_tokens`, which is {room_for_thought:,}, or set `thinking: off` if it has a switch"
    else:
        advice = "It thinks despite `thinking: off`: set `thinking: on`, which adds `thinking_tokens` to every limit"
    return (
        "No replies so far in this session: the model was truncated inside its thinking "
        f"{traffic.cut_in_thought} times. {advice}, and start in a new run folder, since this changes the requests."
    )


def _cut_without_thought(completion: Completion) -> bool:
    return completion.finish_reason == "length" and not completion.thought_tokens


class Chain:
    """Requests of one question that follow one another and share a place in the pool."""

    def __init__(self, sampler: Sampler, question: Question, label: str, priority: tuple[int, int]) -> None:
        self._sampler = sampler
        self._question = question
        self._label = label
        self._priority = priority
        self._has_place = False
        self._before: tuple[tuple[Message, ...], int] = ((), 0)
        self.cut_without_thought = False
        """Whether a completion of it was cut at its limit and shows no thought."""

    async def ask(self, stage: str, messages: Sequence[Message], sampling: Sampling, sample: int = 0) -> Reply:
        """Asks for one completion.

        Args:
            stage: What it is for; enters the seed and labels the ledger's row.
            messages: The chat, oldest first.
            sampling: How tokens are drawn.
            sample: Which of several completions of the same prompt.

        Raises:
            BudgetSpent: The budget of this start is used up.
            RequestFailed: The request failed every time it was tried.
            EngineError: The engine cannot go on.
            LedgerError: The completion could not be recorded.
        """
        sampler = self._sampler
        room = sampler.room_for_thought
        limited = replace(sampling, max_tokens=sampling.max_tokens + room) if room else sampling
        request = request_of(
            sampler.model, sampler.run_seed, self._question, self._label, stage, messages, limited, sample
        )
        reply = await sampler._answer(request, self)
        self._watch_growth(request.messages, reply.completion.prompt_tokens)
        self.cut_without_thought = self.cut_without_thought or _cut_without_thought(reply.completion)
        return reply

    def _watch_growth(self, messages: tuple[Message, ...], tokens: int) -> None:
        """Counts a prompt that goes on with the one before it and came to no more tokens: it was cut on the way."""
        earlier, tokens_before = self._before
        # first what is told at once: hardly any prompt is counted as no longer
        if 0 < tokens <= tokens_before and 0 < len(earlier) < len(messages) and messages[: len(earlier)] == earlier:
            # some servers count nothing, or only what their cache does not hold
            believable = tokens_before >= sum(len(message.content) for message in earlier) / _MOST_CHARACTERS_A_TOKEN
            self._sampler.traffic.stalled += believable
        self._before = (messages, tokens)

    async def enter(self) -> None:
        """Takes the chain's place in the pool, once."""
        if not self._has_place:
            sampler = self._sampler
            await sampler.pool.take(self._priority, sampler.traffic.chains_ended[self._question.id])
            self._has_place = True

    def leave(self) -> None:
        """Gives the place back."""
        if self._has_place:
            self._has_place = False
            self._sampler.pool.give_back()


def request_of(
    model: str,
    run_seed: int,
    question: Question,
    label: str,
    stage: str,
    messages: Sequence[Message],
    sampling: Sampling,
    sample: int = 0,
) -> Request:
    """The request that a chain makes, for whoever wants to know its key without asking."""
    seed = seed_from(run_seed, question.id, label, stage, sample)
    return Request(model, tuple(messages), sampling, seed, sample, question.id, stage)
