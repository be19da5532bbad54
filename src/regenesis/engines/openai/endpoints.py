"""The server URLs of an engine, and which of them the next request goes to.

    pool = Pool(urls, max_in_flight=64, retry=config.retry)
    endpoint = await pool.acquire(question_id)     # waits in line for a free place
    try: ...
    finally: pool.release(endpoint)

The least loaded URL is taken; among about equally loaded ones, the one that the question's id hashes to, so that
a question's prompts meet the prefix cache that holds their beginning. A URL that fails is rested and then probed
with one request at a time until it answers.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from regenesis.engines.openai.backoff import full_jitter
from regenesis.engines.openai.config import RetryConfig
from regenesis.engines.openai.limiter import Limiter
from regenesis.errors import EngineError

logger = logging.getLogger(__name__)

_RESTED_AFTER = 5
"""Failures of one URL in a row before it is rested; fewer may be the fault of single requests."""

_LONGEST_REST = 15.0
"""Seconds a URL is rested at most: a probe costs a server next to nothing, it should be found soon when it is back, and
a run whose server is gone for good should say so within minutes."""

_REST_TOLD = 5.0
"""Seconds of rest that the user is told of, lest a run seem to hang; of shorter ones, only the first."""

_LOAD_SLACK = 1 / 8
"""Loads (shares of a URL's limit) that differ by no more count as equal."""


class Endpoint:
    """One server URL: its limiter, and whether it is resting or being probed."""

    def __init__(self, url: str, ceiling: int, retry: RetryConfig) -> None:
        self.url = url
        self.limiter = Limiter(ceiling)
        self.rests_until = -math.inf
        self.given_up = False
        """Whether it asked for a wait beyond the bound; cleared by an answer."""
        self._retry = retry
        self._rested_at = -math.inf
        self._failures = 0
        self._rests = 0
        self._probing = False
        self._probe_out = False

    @property
    def failing(self) -> bool:
        """Whether it has failed since its last answer."""
        return self._failures > 0

    def free(self, now: float) -> bool:
        if now < self.rests_until or not self.limiter.free:
            return False
        return not (self._probing and self._probe_out)

    def take(self) -> None:
        self._probe_out = self._probing
        self.limiter.take()

    def give_back(self) -> None:
        self._probe_out = False
        self.limiter.give_back()

    def answered(self) -> None:
        """It answered, be it with a refusal."""
        if self._probing:
            logger.info("%s answers again", self.url)
        self._failures = self._rests = 0
        self._probing = self.given_up = False
        self.limiter.raise_slowly()

    def failed(self, sent_at: float, now: float, reason: str, *, unreachable: bool) -> None:
        """A request sent at `sent_at` failed; `reason` is logged, so it holds no key."""
        if sent_at < self._rested_at:
            return  # part of the crowd whose failing brought on the rest
        self._failures += 1
        if not (unreachable or self._probing or self._failures >= _RESTED_AFTER):
            return
        self._probing = True
        self._rests += 1
        self._rested_at = now
        wait = full_jitter(self._retry.first_wait, min(self._retry.longest_wait, _LONGEST_REST), self._rests)
        self.rests_until = max(self.rests_until, now + wait)
        if self._rests == 1 or wait > _REST_TOLD:
            logger.warning("%s is paused for %.1f s before the next try: %s", self.url, wait, reason)

    def too_much(self, sent_at: float, now: float, asked: float | None) -> None:
        """It wants fewer requests and, if it said so, none for `asked` seconds from now."""
        self._probing = False
        self.limiter.lower(sent_at, now)
        if asked is not None:
            longest = longest_retry_after(self._retry)
            # a floor, so that a server that says 0 is not asked in a tight loop
            self.rests_until = max(self.rests_until, now + max(min(asked, longest), self._retry.first_wait / 2))
            self.given_up = self.given_up or asked > longest


def longest_retry_after(retry: RetryConfig) -> float:
    """Seconds of Retry-After beyond which a server counts as down."""
    return 10 * retry.longest_wait


@dataclass(slots=True, eq=False)
class _Waiter:
    future: asyncio.Future[Endpoint]
    question_id: str
    avoid: Endpoint | None


class Pool:
    """All endpoints, and the line of requests that wait for a place at one of them, first come first served."""

    def __init__(self, urls: Sequence[str], max_in_flight: int, retry: RetryConfig) -> None:
        """Splits `max_in_flight` evenly over the URLs; each gets at least one place."""
        share, rest = divmod(max_in_flight, len(urls))
        self.endpoints = [Endpoint(url, max(1, share + (index < rest)), retry) for index, url in enumerate(urls)]
        self._max_in_flight = max_in_flight
        self._waiting: deque[_Waiter] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._stopped: str | None = None

    @property
    def in_flight(self) -> int:
        return sum(endpoint.limiter.in_flight for endpoint in self.endpoints)

    @property
    def limit(self) -> int:
        return min(self._max_in_flight, sum(endpoint.limiter.limit for endpoint in self.endpoints))

    async def acquire(self, question_id: str, avoid: Endpoint | None = None) -> Endpoint:
        """Takes a place at an endpoint, waiting for one if need be.

        Args:
            question_id: Decides among equally loaded endpoints.
            avoid: Not this one if another is free: the request has just failed there.

        Raises:
            EngineError: The pool was stopped, before or while waiting.
        """
        if self._stopped is not None:
            raise EngineError(self._stopped)
        endpoint = None if self._waiting else self._choose(question_id, avoid, time.monotonic())
        if endpoint is not None:
            endpoint.take()
            return endpoint
        waiter = _Waiter(asyncio.get_running_loop().create_future(), question_id, avoid)
        self._waiting.append(waiter)
        self._serve()
        try:
            return await waiter.future
        except asyncio.CancelledError:
            future = waiter.future
            if future.done() and not future.cancelled() and future.exception() is None:
                self.release(future.result())  # the place came at the very moment of cancellation
            raise

    def release(self, endpoint: Endpoint) -> None:
        """Gives a place back and serves the line."""
        endpoint.give_back()
        self._serve()

    def stop(self, reason: str) -> None:
        """Turns away everyone who waits, and everyone who comes later."""
        self._stopped = self._stopped or reason
        if self._alarm is not None:
            self._alarm.cancel()
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.future.done():
                waiter.future.set_exception(EngineError(self._stopped))

    def _serve(self) -> None:
        if not self._waiting:
            return
        now = time.monotonic()
        while self._waiting:
            waiter = self._waiting[0]
            if waiter.future.done():  # cancelled while it waited
                self._waiting.popleft()
                continue
            endpoint = self._choose(waiter.question_id, waiter.avoid, now)
            if endpoint is None:
                self._set_alarm(now)
                return
            self._waiting.popleft()
            endpoint.take()
            waiter.future.set_result(endpoint)

    def _set_alarm(self, now: float) -> None:
        """Serves the line again when the next rest ends: nobody else may come by then.

        `now` is the moment that `_choose` went by: with a later one, a rest that ended in between would be missed.
        """
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        ends = [endpoint.rests_until for endpoint in self.endpoints if endpoint.rests_until > now]
        if ends:
            self._alarm = asyncio.get_running_loop().call_later(min(ends) - now + 0.001, self._serve)

    def _choose(self, question_id: str, avoid: Endpoint | None, now: float) -> Endpoint | None:
        if self.in_flight >= self._max_in_flight:
            return None
        free = [endpoint for endpoint in self.endpoints if endpoint.free(now)]
        if len(free) > 1:
            free = [endpoint for endpoint in free if endpoint is not avoid]
            least = min(endpoint.limiter.load for endpoint in free)
            free = [endpoint for endpoint in free if endpoint.limiter.load <= least + _LOAD_SLACK]
        if len(free) > 1:
            return max(free, key=lambda endpoint: _affinity(endpoint.url, question_id))
        return free[0] if free else None


def _affinity(url: str, question_id: str) -> bytes:
    """Rendezvous hashing: a URL that comes or goes moves only its own questions."""
    return hashlib.blake2b(f"{url} {question_id}".encode(errors="surrogatepass"), digest_size=8).digest()
