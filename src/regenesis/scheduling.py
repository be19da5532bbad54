"""How much is under way at once, and when to stop.

A method asks for completions through a `Chain`; the chain looks each request up in the ledger, and only a miss
goes to the engine. A chain takes a place in the pool at its first miss and keeps it to its end, so that an
engine that caches prefixes finds the chain's earlier messages where it left them. Places go to the oldest
active question first: questions finish in about their order, and only a bounded window of them is active.

Nothing here shapes what is asked: seeds come from names, never from the order in which replies arrive.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, TypeVar

from pydantic import Field

from regenesis.engines.base import Engine
from regenesis.errors import EngineError, RequestFailed
from regenesis.ledger import Ledger
from regenesis.nouns import Completion, Message, Question, Request, Sampling, seed_from
from regenesis.section import Section

Result = TypeVar("Result")

_THOUGHTS_WITHOUT_REPLY = 20
"""Completions at the beginning of a start that may all be thoughts without a reply."""

_MOST_CHARACTERS_A_TOKEN = 12
"""Of a prompt: a count of fewer tokens cannot be one of the whole."""


class BudgetConfig(Section):
    """Where one start of the run stops by itself, cleanly; the next start goes on. None of it changes what is asked."""

    requests: int | None = Field(default=None, ge=0)
    """Requests sent."""
    tokens: int | None = Field(default=None, ge=0)
    """Tokens, prompt and completion together."""
    minutes: float | None = Field(default=None, ge=0)
    """Minutes of wall-clock time."""


class SchedulingConfig(Section):
    """How much is under way at once. None of it changes what is asked."""

    window: int | None = Field(default=None, ge=1)
    """Questions active at once; by default enough to keep the engine full."""


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


class Pool:
    """Places for chains, given to the smallest priority first; keeps account of how full it is."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0
        self._waiting: list[tuple[tuple[int, ...], int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    @property
    def waiting(self) -> int:
        """Chains waiting for a place."""
        return sum(not future.done() for _, _, future in self._waiting)

    async def take(self, priority: tuple[int, ...]) -> None:
        """Waits for a place."""
        if self.taken < self.size:
            self.taken += 1
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._arrivals), future))
        try:
            await future
        except asyncio.CancelledError:
            # the place may have been handed over in the same moment; it must not be lost
            if future.done() and not future.cancelled():
                self.give_back()
            raise

    def give_back(self) -> None:
        """Gives a place back, or hands it to the first who waits."""
        while self._waiting:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)
                return
        self.taken -= 1


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
    busy_seconds: float = 0.0
    """In-flight requests integrated over time, in request-seconds."""
    _changed: float = 0.0

    def shift(self, by: int, now: float) -> None:
        """Notes that a request went out (1) or came back (-1)."""
        self.busy_seconds += self.in_flight * (now - self._changed if self._changed else 0.0)
        self._changed = now
        self.in_flight += by


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion and the key that it is recorded under."""

    key: str
    completion: Completion


def _cut_without_thought(completion: Completion) -> bool:
    return completion.finish_reason == "length" and not completion.thought_tokens


def _said_of_thoughts(traffic: Traffic) -> str:
    """What is said of a model that thinks and never comes to a reply."""
    if traffic.cut_in_thought:
        return (
            "The model has not come to a reply in this start: it was cut inside its thought "
            f"{traffic.cut_in_thought} times. `thinking: on` adds `thinking_tokens` to every limit, and "
            "`thinking: off` keeps a model with the switch from thinking: set the other one, or raise thinking_tokens, "
            "and start in a new run directory, since that changes what is asked."
        )
    return (
        f"The model has thought and replied nothing in the first {traffic.only_thought} completions of this start. The "
        "server may take replies for thoughts: start it without its reasoning parser, or with the one that fits the "
        "model."
    )


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
        # a few chains more than the engine's capacity, so that it is kept busy while completions are written down
        self.pool = Pool(engine.capacity + engine.capacity // 32)
        self.traffic = Traffic()
        self.unanswered: set[str] = set()
        self._withheld: dict[str, list[tuple[Request, Completion]]] = {}

    @asynccontextmanager
    async def chain(self, question: Question, ordinal: int, label: str, index: int = 0) -> AsyncIterator[Chain]:
        """A chain of requests for one question.

        Args:
            question: The question.
            ordinal: Its place in the run; a smaller one is served first.
            label: Names the chain among those of its question; enters its seeds.
            index: Place of the chain within its question, for the order of service only.
        """
        chain = Chain(self, question, label, (ordinal, index))
        try:
            yield chain
        finally:
            chain.leave()

    async def _answer(self, request: Request, chain: Chain) -> Reply:
        key = request.key
        self.traffic.asked += 1
        recorded = self._ledger.get(key)
        if recorded is not None:
            self.traffic.recalled += 1
            return Reply(key, recorded)
        await chain.enter()
        self._budget.take_request()
        completion = await self._send(request)
        self._budget.add_tokens(completion)
        if completion.refused:
            self._note_refusal(request, completion)
        else:
            await self._ledger.put(request, completion)
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
            EngineError: Its first completions all came to nothing.
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
            raise EngineError(_said_of_thoughts(traffic))

    async def _send(self, request: Request) -> Completion:
        traffic = self.traffic
        traffic.sent += 1
        traffic.shift(1, time.monotonic())
        try:
            completion = await self._engine.complete(request)
        finally:
            traffic.shift(-1, time.monotonic())
        traffic.prompt_tokens += completion.prompt_tokens
        traffic.completion_tokens += completion.completion_tokens
        return completion

    @property
    def model(self) -> str:
        return self._engine.model

    @property
    def run_seed(self) -> int:
        return self._run_seed


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
        limited = replace(sampling, max_tokens=sampling.max_tokens + sampler.room_for_thought)
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
        # some servers count nothing, or only what their cache does not hold
        believable = tokens_before >= sum(len(message.content) for message in earlier) / _MOST_CHARACTERS_A_TOKEN
        grown = 0 < len(earlier) < len(messages) and messages[: len(earlier)] == earlier
        if grown and believable and 0 < tokens <= tokens_before:
            self._sampler.traffic.stalled += 1
        self._before = (messages, tokens)

    async def enter(self) -> None:
        """Takes the chain's place in the pool, once."""
        if not self._has_place:
            await self._sampler.pool.take(self._priority)
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


@dataclass(slots=True)
class WindowReport:
    """How a pass over questions ended.

    Attributes:
        finished: Questions brought to their end in this pass.
        owed: Ids of questions set aside because a request of theirs kept failing, with the reason.
        stopped: What the budget ran out of, `None` if all questions were gone through.
    """

    finished: int = 0
    owed: dict[str, str] | None = None
    stopped: str | None = None


def window_size(capacity: int, configured: int | None) -> int:
    """Questions to hold active: every active question has at least one request to make, so a few more than the
    engine's capacity keep it full.
    """
    return configured if configured is not None else capacity + max(2, capacity // 4)


async def work_through(
    questions: Iterable[tuple[int, Question]],
    work: Callable[[int, Question], Awaitable[None]],
    window: int,
    watch: Coroutine[Any, Any, NoReturn] | None = None,
) -> WindowReport:
    """Works on questions in order, at most `window` of them at once.

    Args:
        questions: Ordinals and questions; taken one at a time, as places in the window fall free.
        work: Brings one question to its end.
        window: Questions active at once.
        watch: Raises where the work must not go on, and otherwise lasts as long as it.

    Raises:
        Exception: Whatever `work` or `watch` raises, but `BudgetSpent` and `RequestFailed`; all other work is cancelled
            first.
    """
    report = WindowReport(owed={})
    owed: dict[str, str] = {}
    active: dict[asyncio.Task[None], str] = {}
    remaining = iter(questions)
    watching = set() if watch is None else {asyncio.ensure_future(watch)}
    try:
        while True:
            while len(active) < window and report.stopped is None:
                following = next(remaining, None)
                if following is None:
                    break
                task = asyncio.ensure_future(_as_coroutine(work, *following))
                active[task] = following[1].id
            if not active:
                break
            done, _ = await asyncio.wait({*active, *watching}, return_when=asyncio.FIRST_COMPLETED)
            for ended in done & watching:
                ended.result()
            for task in done & active.keys():
                try:
                    task.result()
                    report.finished += 1
                except BudgetSpent as spent:
                    report.stopped = str(spent)
                except RequestFailed as failure:
                    owed[active[task]] = str(failure)
                del active[task]
    finally:
        for task in (*active, *watching):
            task.cancel()
        await asyncio.gather(*active, *watching, return_exceptions=True)
    report.owed = owed
    return report


async def _as_coroutine(work: Callable[[int, Question], Awaitable[None]], ordinal: int, question: Question) -> None:
    await work(ordinal, question)


async def side_by_side(works: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Runs chains at the same time and returns their results in the order given.

    When one runs out of budget or keeps failing, the others are let finish first, since what they have asked is
    paid for; any other error cancels them at once, and is raised when they have ended.

    Raises:
        BudgetSpent: One of them met the end of the budget.
        RequestFailed: A request of one of them kept failing.
    """
    tasks = [asyncio.ensure_future(_soft_result(work)) for work in works]
    try:
        outcomes = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for work in works:
            work.close()  # one that was cancelled before it began would be reported as never awaited
    results: list[Result] = []
    for outcome in outcomes:
        if isinstance(outcome, _Stopped):
            raise outcome.reason
        results.append(outcome)
    return results


@dataclass(frozen=True, slots=True)
class _Stopped:
    reason: BudgetSpent | RequestFailed


async def _soft_result(work: Coroutine[Any, Any, Result]) -> Result | _Stopped:
    try:
        return await work
    except (BudgetSpent, RequestFailed) as reason:
        return _Stopped(reason)
