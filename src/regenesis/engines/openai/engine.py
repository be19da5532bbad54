"""The `openai` engine: any server with an OpenAI-compatible chat-completions endpoint, one URL or several.

    engine = OpenAIEngine(OpenAIEngineConfig(kind="openai", base_url="http://127.0.0.1:8000/v1", model="my-model"))
    await engine.open()
    completion = await engine.complete(request)
    await engine.close()

Servers are sent chat messages and a seed, never a templated string. What a server sends back is untrusted. How
each thing that can go wrong is met:

- connection errors, cut connections, time-outs, 408, 409, 425, 5xx, replies that are no completion: tried again
  after a jittered back-off, at another URL if there is one, `retry.attempts` times in all; then `RequestFailed`
- 429, and 503 with Retry-After: that URL is sent fewer requests at once, and none for as long as Retry-After says;
  without that header the request backs off alone. Neither costs any of its attempts
- a completion that the server broke off (`finish_reason` "error", say): a failure like those
- empty text: asked for twice again, then believed
- a request that is too long for the server's context or limit: asked again for as many tokens as fit, where it says so
- a request whose switch for thinking the server does not know: asked again without it
- other 400, 413, 422 and 4xx, a tool called in place of a reply: a completion with `finish_reason="refused"`
- what a content filter withholds: a completion with `finish_reason="filtered"`
- 401, 402, 403, 404, 405, 407, redirects, and what `circuit` decides: `EngineError`, for this and every later request
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from regenesis.engines.openai.adapters import load_adapter
from regenesis.engines.openai.addresses import address, path_hint
from regenesis.engines.openai.advice import advice_on
from regenesis.engines.openai.backoff import full_jitter
from regenesis.engines.openai.circuit import Circuit
from regenesis.engines.openai.client import Client
from regenesis.engines.openai.complaints import shorten
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.engines.openai.credentials import Credential
from regenesis.engines.openai.discovery import Sight, look, wrong_key
from regenesis.engines.openai.endpoints import Endpoint, Pool, longest_retry_after
from regenesis.engines.openai.exchange import Answered, Failed, Hopeless, Outcome, Refused, TooMuch, exchange
from regenesis.engines.openai.fitting import read_room
from regenesis.engines.openai.form import Form
from regenesis.engines.openai.replies import Reply
from regenesis.engines.openai.switch import ThinkingSwitch
from regenesis.errors import EngineError, RequestFailed
from regenesis.proxies import environment_proxy
from regenesis.types import Completion, Request, Thinking

logger = logging.getLogger(__name__)

_EMPTY_TRIES = 3
_ADAPTATIONS = 3
"""Times that a refused request is changed to what the server's words ask for."""


@dataclass(frozen=True, slots=True)
class EngineStatistics:
    """Where an engine stands, for a live display.

    Attributes:
        in_flight: Requests sent and not yet answered.
        limit: Most requests it would send at once now.
        retries: Requests sent again after a failure or an empty completion.
        rate_limited: Answers "too many requests".
        usage_estimated: Completions whose token count was estimated.
        failures: Tries that failed.
    """

    in_flight: int = 0
    limit: int = 0
    retries: int = 0
    rate_limited: int = 0
    usage_estimated: int = 0
    failures: int = 0


class OpenAIEngine:
    """Completions from OpenAI-compatible servers; see the module's text for how failures are met.

    Attributes:
        kind: `openai`.
        model: The model's name on the servers, with what the config adds to every request.
        capacity: Most requests it can usefully have in flight.
    """

    kind = "openai"

    def __init__(self, config: OpenAIEngineConfig, thinking: Thinking = "off") -> None:
        """Connects to nothing yet.

        Raises:
            ConfigError: `extra_body` holds a field that the engine sets itself, or something JSON cannot hold.
            EngineError: An environment variable holds something that cannot be a key, one that a header needs is not
                set, or the environment names a proxy that cannot be used.
        """
        self._switch = ThinkingSwitch(config, thinking)
        self._form = Form(config, self._switch)
        self.model = config.identity(thinking)
        self.capacity = config.max_in_flight
        self._config = config
        self._credential = Credential(config.api_key_env, config.headers)
        self._pool = Pool(config.urls, config.max_in_flight, config.retry)
        self._circuit = Circuit(config.retry)
        self._addresses = {url: address(url, "chat/completions") for url in config.urls}
        self._proxies = {url: environment_proxy(url) for url in config.urls}
        self._doubts: dict[str, str] = {}
        self._client: Client | None = None
        self._retries = self._rate_limited = self._usage_estimated = self._failures = 0

    def __repr__(self) -> str:
        return f"OpenAIEngine(model={self.model!r}, urls={list(self._config.urls)!r})"

    @property
    def statistics(self) -> EngineStatistics:
        return EngineStatistics(
            in_flight=self._pool.in_flight,
            limit=self._pool.limit,
            retries=self._retries,
            rate_limited=self._rate_limited,
            usage_estimated=self._usage_estimated,
            failures=self._failures,
        )

    async def open(self) -> None:
        """Makes sure that at least one server is there, takes the key and knows the model.

        Raises:
            EngineError: None is there, or one of them does not take the key.
        """
        await self.close()
        self._pool = Pool(self._config.urls, self._config.max_in_flight, self._config.retry)
        self._circuit = Circuit(self._config.retry)
        self._client = client = Client(self._credential.headers(), self._config.connect_timeout)
        try:
            asked, adapter = self._config.asked_model, self._config.adapter
            if adapter is not None:
                await asyncio.gather(
                    *(load_adapter(client, url, asked, adapter.resolve()) for url in self._config.urls)
                )
            sights = await asyncio.gather(*(look(client, url, asked, self._credential) for url in self._config.urls))
            self._meet(sights)
        except EngineError as error:
            await self.close()
            raise EngineError(self._credential.redact(str(error))) from None
        except BaseException:
            await self.close()
            raise

    async def complete(self, request: Request) -> Completion:
        """Asks for one completion, trying again where that can help.

        Raises:
            RequestFailed: It failed `retry.attempts` times.
            EngineError: The engine cannot go on; every later call says so too.
        """
        client = self._client
        if client is None:
            raise EngineError("The engine is not open: call open() first.")
        fields = self._form.fields(request)
        tries = empty_tries = turned_away = adapted = 0
        failed_at: Endpoint | None = None
        while True:
            endpoint = await self._pool.acquire(request.question_id, avoid=failed_at)
            try:
                sent_at = time.monotonic()
                to = self._addresses[endpoint.url]
                body, proxy = self._form.body(fields), self._proxies[endpoint.url]
                outcome = await exchange(client, to, body, self._config.timeout, proxy)
                now = time.monotonic()
                self._learn(endpoint, outcome, request.stage, sent_at, now)
            finally:
                self._pool.release(endpoint)
            match outcome:
                case TooMuch(wait=asked):
                    turned_away += 1
                    if asked is None:
                        await self._back_off(turned_away)
                    continue
                case Refused(words, filtered):
                    adapted += 1
                    if adapted <= _ADAPTATIONS and not filtered and self._form.adapt(fields, self._shown(words)):
                        continue
                    self._count_refusal(request, endpoint, words)
                    return self._refusal(words, now - sent_at, filtered=filtered)
                case Answered(reply):
                    empty_tries += reply.says_nothing
                    if (
                        not reply.says_nothing
                        or empty_tries == _EMPTY_TRIES
                        or tries + 1 >= self._config.retry.attempts
                    ):
                        return self._completion(reply, now - sent_at)
                case Failed(reason):
                    failed_at = endpoint
                    if tries + 1 >= self._config.retry.attempts:
                        raise self._exhausted(request, endpoint, reason)
            tries += 1
            self._retries += 1
            await self._back_off(tries)

    async def close(self) -> None:
        """Closes all connections and turns away whoever still waits. Calling it twice is harmless."""
        client, self._client = self._client, None
        if client is not None:
            self._pool.stop("The engine was closed.")
            await client.close()

    async def _back_off(self, tries: int) -> None:
        retry = self._config.retry
        await asyncio.sleep(full_jitter(retry.first_wait, retry.longest_wait, tries))

    def _meet(self, sights: list[Sight]) -> None:
        if all(sight.trouble for sight in sights):
            raise EngineError(
                f"No server answers. Tried: {'; '.join(sight.trouble for sight in sights if sight.trouble)}. Start one "
                f"there that serves {self._config.model!r} (for example `vllm serve` or `llama-server`), "
                "or correct engine.base_url."
            )
        now = time.monotonic()
        self._doubts = {}
        for endpoint, sight in zip(self._pool.endpoints, sights, strict=True):
            if sight.trouble:
                endpoint.failed(now, now, self._credential.redact(sight.trouble), unreachable=True)
            if sight.doubt:
                self._doubts[endpoint.url] = self._credential.redact(sight.doubt)
                logger.warning("%s", self._doubts[endpoint.url])

    def _learn(self, endpoint: Endpoint, outcome: Outcome, stage: str, sent_at: float, now: float) -> None:
        """Lets the endpoint and the circuit know what came of a request.

        Raises:
            EngineError: It is time to stop.
        """
        verdict: str | None = None
        match outcome:
            case Answered():
                endpoint.answered()
                self._circuit.answered(stage)
            case Refused():
                endpoint.answered()
            case TooMuch(reason, asked):
                self._rate_limited += 1
                endpoint.too_much(sent_at, now, asked)
                verdict = self._circuit.too_much(now)
                if all(each.given_up for each in self._pool.endpoints):
                    verdict = (
                        f"the server asks to wait {asked or 0:.0f} s, more than the "
                        f"{longest_retry_after(self._config.retry):.0f} s that regenesis waits at most"
                    )
            case Failed(reason):
                self._failures += 1
                endpoint.failed(sent_at, now, self._shown(reason), unreachable=outcome.unreachable)
                verdict = self._circuit.failed(sent_at, now, timed_out=outcome.timed_out)
                if not all(each.failing for each in self._pool.endpoints):
                    verdict = None  # another URL may be slow and well
            case Hopeless(status, words):
                self._failures += 1
                raise self._stop(self._hopeless(endpoint, status, words))
        if verdict is not None:
            raise self._stop(
                f"{endpoint.url}: {verdict}. Last: {self._shown(reason).rstrip('.')}. "
                "Nothing is lost; once that is fixed, rerun the command to resume."
            )

    def _count_refusal(self, request: Request, endpoint: Endpoint, words: str) -> None:
        """Lets the circuit know of a refused request.

        Raises:
            EngineError: It is time to stop.
        """
        for_length = read_room(words, request.sampling.max_tokens) is not None
        verdict = self._circuit.refused(request.stage, request.question_id, for_length=for_length)
        if verdict is not None:
            raise self._stop(
                f"{endpoint.url}: {verdict}. Last: {self._shown(words).rstrip('.')}. {advice_on(words)}"
                "Refused requests are not recorded: once that is fixed, rerun the command to retry them."
            )

    def _hopeless(self, endpoint: Endpoint, status: int, words: str) -> str:
        words = self._shown(words)
        if status in (401, 403):
            return wrong_key(
                endpoint.url, status, words, self._credential, proxied=self._proxies[endpoint.url] is not None
            )
        hint = path_hint(endpoint.url) if status in (404, 405) else ""
        doubt = self._doubts.get(endpoint.url, "") if status == 404 and not hint else ""
        if 300 <= status < 400:
            hint = "Write that into engine.base_url if it is the server you mean."
        return (
            f"{self._addresses[endpoint.url]} answered {status} to model {self._config.model!r}: "
            f"{words.rstrip('.')}. {doubt or hint or 'Check engine.base_url, engine.model and your account there.'}"
        )

    def _stop(self, message: str) -> EngineError:
        self._pool.stop(message)
        return EngineError(message)

    def _exhausted(self, request: Request, endpoint: Endpoint, reason: str) -> RequestFailed:
        return RequestFailed(
            f"{request.question_id} ({request.stage}): failed {self._config.retry.attempts} times, "
            f"the last time at {endpoint.url}: {self._shown(reason).rstrip('.')}. Rerun the command to retry it."
        )

    def _refusal(self, words: str, seconds: float, *, filtered: bool) -> Completion:
        return Completion("", "filtered" if filtered else "refused", 0, 0, self.kind, seconds, error=self._shown(words))

    def _completion(self, reply: Reply, seconds: float) -> Completion:
        self._usage_estimated += reply.usage_estimated
        return Completion(
            text=self._credential.redact_completion(reply.text),
            finish_reason=reply.finish_reason,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            engine=self.kind,
            seconds=seconds,
            thought=self._credential.redact_completion(reply.thought),
            thought_tokens=reply.thought_tokens,
        )

    def _shown(self, words: str) -> str:
        return shorten(self._credential.redact(words))
