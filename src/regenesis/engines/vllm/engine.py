"""Completions from `vllm serve`, started here.

engine = VLLMEngine(VLLMEngineConfig(kind="vllm", model="hf:org/model", python="/envs/vllm/bin/python"))
await engine.open()                       # minutes for a large model
completion = await engine.complete(request)
await engine.close()

The servers live as long as the engine is open, or as long as the group it is opened in (`engines.together`): then one
server serves the model with all of the group's adapters, so that base and tuned model are asked in the same way.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from regenesis.engines.adapter_names import name_with_adapter
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.engines.openai.engine import EngineStatistics, OpenAIEngine
from regenesis.engines.openai.switch import ThinkingSwitch
from regenesis.engines.together import Group, current_group
from regenesis.engines.vllm.config import VLLMEngineConfig
from regenesis.engines.vllm.metrics import PrefixTokens
from regenesis.engines.vllm.replicas import LOST_WITH_SERVERS, Replicas
from regenesis.errors import EngineError, ModelError, RequestFailed
from regenesis.models import Progress, Weights, locate_weights
from regenesis.types import Completion, Request, Thinking


class VLLMEngine:
    """vLLM as an engine; see the module's text.

    Attributes:
        kind: `vllm`.
        model: The weights by their contents, with adapter, data type and what else shapes completions.
        capacity: Most requests it can usefully have in flight.
    """

    kind = "vllm"

    def __init__(
        self, config: VLLMEngineConfig, fetching: Progress | None = None, *, thinking: Thinking = "off"
    ) -> None:
        """Starts nothing yet."""
        self.model = config.model
        self.capacity = config.max_in_flight
        self._config, self._fetching, self._thinking = config, fetching, thinking
        self._group: Group | None = None
        self._replicas: Replicas | None = None
        self._client: OpenAIEngine | None = None
        self._changing, self._suspects = asyncio.Lock(), asyncio.Lock()
        self._served = config.model
        self._outages_met = 0
        self._counted_before = self._counted = PrefixTokens()

    def __repr__(self) -> str:
        return f"VLLMEngine(model={self.model!r})"

    @property
    def statistics(self) -> EngineStatistics:
        return self._client.statistics if self._client is not None else EngineStatistics()

    @property
    def prefix_tokens(self) -> PrefixTokens:
        """Tokens of prompts looked up in the servers' prefix caches since this was opened, and those found there."""
        if self._replicas is not None:
            self._counted = self._replicas.prefix_tokens.minus(self._counted_before)
        return self._counted

    async def open(self) -> None:
        """Starts the servers, or takes those that the engine before has left, and waits until they answer.

        Raises:
            ConfigError: There are too few GPUs.
            EngineError: vLLM is not there, ends, or does not get ready in time.
            ModelError: The model cannot be found, fetched or served.
        """
        await self.close()
        weights = await asyncio.to_thread(self._locate)
        base = weights.identity
        self._served = served = await asyncio.to_thread(name_with_adapter, base, self._config.adapter)
        self.model = f"{served}/{self._config.precision('')}{self._mark(served)}"
        self._group = current_group()
        try:
            self._replicas = await self._servers(weights, base)
            self._counted_before = self._replicas.prefix_tokens
            self._outages_met = self._replicas.outages
            self._client = OpenAIEngine(self._client_config(served), self._thinking)
            await self._client.open()
        except BaseException:
            await self.close()
            raise

    async def complete(self, request: Request) -> Completion:
        """Asks for one completion; waits while a server that has died is started again.

        Raises:
            RequestFailed: It failed `retry.attempts` times, or servers keep dying under it.
            EngineError: The servers do not stay up, or refuse everything.
        """
        lost = 0
        while True:
            # one that may be what servers die of goes without other suspects, lest they be taken for it
            async with self._suspects if lost == LOST_WITH_SERVERS - 1 else nullcontext():
                completion = await self._once(request)
            if completion is not None:
                return replace(completion, engine=self.kind)
            lost += 1
            if lost == LOST_WITH_SERVERS:
                raise RequestFailed(
                    f"{request.question_id} ({request.stage}): vLLM ended {lost} times while it worked on this "
                    "request. Rerun the command to retry it."
                )

    async def _once(self, request: Request) -> Completion | None:
        """One completion, `None` where a server died meanwhile."""
        replicas = self._replicas
        if replicas is None:
            raise EngineError("The engine is not open: call open() first.")
        await replicas.answering()
        deaths = replicas.deaths
        try:
            client = await self._client_of(replicas)
            completion = await _unless(client.complete(request), replicas.outage())
        except (EngineError, RequestFailed):
            if await replicas.died_since(deaths):
                return None
            raise
        if completion is not None:
            replicas.answered()
        return completion

    async def close(self) -> None:
        """Ends the servers, or leaves them to the group. Calling it twice is harmless."""
        client, self._client = self._client, None
        replicas, self._replicas = self._replicas, None
        if client is not None:
            await client.close()
        if replicas is None:
            return
        await replicas.count()
        self._counted = replicas.prefix_tokens.minus(self._counted_before)
        if self._group is not None and client is not None:
            self._group.keep(self._key(self._group), replicas)
        else:
            await replicas.stop()

    def _locate(self) -> Weights:
        weights = locate_weights(self._config.model, progress=self._fetching)
        if weights.form != "checkpoint":
            raise ModelError(
                f"model {self._config.model!r}: is a GGUF file, and vLLM serves checkpoints. Give a checkpoint's "
                "folder or `hf:<org>/<repo>`, or use the engine llamacpp."
            )
        return weights

    async def _servers(self, weights: Weights, base: str) -> Replicas:
        adapters = self._adapters(self._group)
        if self._group is not None:
            left = await self._group.take(self._key(self._group))
            if left is not None:
                return cast("Replicas", left)
        names = {await asyncio.to_thread(name_with_adapter, base, adapter): adapter for adapter in adapters}
        replicas = Replicas(self._config, weights.path, base, names)
        await replicas.start()
        return replicas

    def _adapters(self, group: Group | None) -> list[Path]:
        """The adapters to serve beside the model: this engine's and those of its mates that differ in no more."""
        plain = self._config.with_adapter(None)
        mates = [self._config, *(group.configs if group is not None else ())]
        found = [
            one.adapter.resolve()
            for one in mates
            if isinstance(one, VLLMEngineConfig) and one.adapter is not None and one.with_adapter(None) == plain
        ]
        return sorted(set(found))

    def _key(self, group: Group) -> tuple[str, ...]:
        """What servers have to have in common to take each other's place."""
        return self._config.with_adapter(None).model_dump_json(), *map(str, self._adapters(group))

    def _client_config(self, served: str) -> OpenAIEngineConfig:
        assert self._replicas is not None
        return OpenAIEngineConfig(
            kind="openai",
            base_url=self._replicas.urls,
            model=served,
            # no key is needed, so none is sent
            api_key_env="REGENESIS_NO_KEY",
            max_in_flight=self._config.max_in_flight,
            timeout=self._config.timeout,
            retry=self._config.retry,
            extra_body=self._config.extra_body,
        )

    def _mark(self, served: str) -> str:
        """What else shapes every completion, as the end of the identity."""
        client = OpenAIEngineConfig(
            kind="openai", base_url="http://localhost", model=served, extra_body=self._config.extra_body
        )
        shaping: dict[str, Any] = self._config.shaping | ThinkingSwitch(client, self._thinking).shaping
        return f" {json.dumps(shaping, sort_keys=True)}" if shaping else ""

    async def _client_of(self, replicas: Replicas) -> OpenAIEngine:
        """The client; another one after an outage: what the first makes of its failures is about a server that is gone.

        Raises:
            EngineError: The engine was closed, or the servers do not answer.
        """
        async with self._changing:
            client = self._client
            if client is None:
                raise EngineError("The engine was closed.")
            if replicas.outages > self._outages_met:
                outages = replicas.outages
                successor = OpenAIEngine(self._client_config(self._served), self._thinking)
                await successor.open()
                self._client, self._outages_met = successor, outages
                await client.close()
                return successor
            return client


async def _unless(answer: Coroutine[Any, Any, Completion], lost: Coroutine[Any, Any, None]) -> Completion | None:
    """An answer, `None` if it is lost before it comes.

    Left alone, the client would ask again as soon as a server is back, and a request that servers die of would end
    more of them than are counted.
    """
    asked, loss = asyncio.create_task(answer), asyncio.create_task(lost)
    try:
        await asyncio.wait((asked, loss), return_when=asyncio.FIRST_COMPLETED)
        return await asked if asked.done() else None
    finally:
        for task in (asked, loss):
            task.cancel()
        await asyncio.gather(asked, loss, return_exceptions=True)
