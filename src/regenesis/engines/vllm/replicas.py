"""The servers of an engine: started together, each started again when it dies, ended together.

    replicas = Replicas(config, folder, name, adapters)
    await replicas.start()
    await replicas.answering()             # waits while all of them are down
    replicas.answered()                    # a completion came
    await replicas.stop()

A server that dies is started again at the same address. After `DEATHS_IN_A_ROW` deaths without a completion in between,
or `retry.circuit_after` in all, no request can be expected to succeed, and `answering` says so.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from regenesis.engines.openai.client import Client
from regenesis.engines.vllm import supervisor
from regenesis.engines.vllm.command import HOST, environment, gpus_by_replica, serve_arguments, vllm_program
from regenesis.engines.vllm.config import VLLMEngineConfig
from regenesis.engines.vllm.metrics import PrefixTokens
from regenesis.engines.vllm.server import PATIENCE, Server
from regenesis.errors import EngineError

logger = logging.getLogger(__name__)

LOST_WITH_SERVERS = 3
"""Servers that may die under one request before its question is set aside: it may be what they die of."""
DEATHS_IN_A_ROW = LOST_WITH_SERVERS + 1
"""Deaths with no completion in between after which the engine stops: one more than a single request can be the cause
of."""
_DYING_SECONDS = 2 * supervisor.GRACE_SECONDS
"""How long a server that answers no more may take to end."""
_COUNTED_EVERY = 2.0
"""Seconds between two looks at what the servers have counted."""


class Replicas:
    """All servers of one engine.

    Attributes:
        deaths: How many servers have died so far; a request under way at that moment may have been lost with it.
        outages: How often the last one that was up has died.
    """

    def __init__(self, config: VLLMEngineConfig, folder: Path, name: str, adapters: Mapping[str, Path]) -> None:
        """Works out command lines; starts nothing yet.

        Raises:
            ConfigError: There are too few GPUs.
            EngineError: There is no vLLM, or an adapter cannot be served.
        """
        program, places = vllm_program(config.python), gpus_by_replica(config)
        self._retry, self._start_timeout = config.retry, config.start_timeout
        self._servers: list[Server] = []
        for gpus in places:
            port = _free_port()
            arguments = serve_arguments(config, folder, name, adapters, port)
            surroundings = environment(program, gpus)
            self._servers.append(Server([str(program), *arguments], surroundings, f"http://{HOST}:{port}"))
        self.deaths = self.outages = 0
        self._in_a_row = 0
        self._up: set[Server] = set()
        self._changed, self._death, self._outage = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._given_up: str | None = None
        # no proxy stands before this machine's own servers
        self._client = Client({}, PATIENCE)
        self._watches: list[asyncio.Task[None]] = []
        self._counted: dict[tuple[Server, int], PrefixTokens] = {}

    @property
    def urls(self) -> list[str]:
        """Where the servers speak the OpenAI protocol."""
        return [f"{server.url}/v1" for server in self._servers]

    @property
    def prefix_tokens(self) -> PrefixTokens:
        """What all servers have counted, over all of their lives."""
        total = PrefixTokens()
        for counted in self._counted.values():
            total = total.plus(counted)
        return total

    async def start(self) -> None:
        """Starts all servers and waits until all are ready.

        Raises:
            EngineError: One of them does not get ready; none is left then.
        """
        try:
            await asyncio.gather(*(self._start(server) for server in self._servers))
        except BaseException as error:
            await self.stop(keep_logs=isinstance(error, EngineError))
            raise
        self._watches = [asyncio.create_task(self._watch(server)) for server in self._servers]
        self._watches.append(asyncio.create_task(self._count_now_and_then()))

    async def answering(self) -> None:
        """Waits until a server is up.

        Raises:
            EngineError: None will be.
        """
        while not self._up:
            if self._given_up is not None:
                raise EngineError(self._given_up)
            self._changed.clear()
            await self._changed.wait()
        if self._given_up is not None:
            raise EngineError(self._given_up)

    async def died_since(self, deaths: int) -> bool:
        """Whether a server has died since there were so many deaths; one that is dying is waited for."""
        if self.deaths > deaths:
            return True
        if all([await server.is_well(self._client) for server in list(self._up)]):
            return False
        with suppress(TimeoutError):
            await asyncio.wait_for(self._death.wait(), _DYING_SECONDS)
        return self.deaths > deaths

    async def outage(self) -> None:
        """Waits until no server is left: then whatever is being asked is lost."""
        await self._outage.wait()

    def answered(self) -> None:
        """Notes that a completion came."""
        self._in_a_row = 0

    async def count(self) -> None:
        """Asks the servers what they have counted."""
        for server in list(self._up):
            counted = await server.prefix_tokens(self._client)
            if counted is not None:
                self._counted[server, server.starts] = counted

    async def stop(self, *, keep_logs: bool = False) -> None:
        """Ends all servers, and turns away whoever waits for one. Calling it twice is harmless."""
        keep_logs = keep_logs or self._given_up is not None
        self._give_up("The engine was closed.")
        watches, self._watches = self._watches, []
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
        await asyncio.gather(*(server.stop() for server in self._servers))
        self._up.clear()
        await self._client.close()
        if not keep_logs:
            for server in self._servers:
                server.forget_log()

    async def _start(self, server: Server) -> None:
        await server.start()
        await server.ready(self._client, self._start_timeout)
        self._up.add(server)
        self._changed.set()

    async def _watch(self, server: Server) -> None:
        """Starts a server again whenever it dies."""
        while self._given_up is None:
            await server.wait()
            self._up.discard(server)
            if not self._up:
                self.outages += 1
                self._outage.set()
                self._outage = asyncio.Event()
            self.deaths += 1
            self._death.set()
            self._death = asyncio.Event()
            self._in_a_row += 1
            how, words = server.how_it_ended(), server.last_words()
            if self._in_a_row >= DEATHS_IN_A_ROW * len(self._servers) or self.deaths >= self._retry.circuit_after:
                self._give_up(
                    f"vLLM has ended unexpectedly {self.deaths} times ({how}), so it is not started again. Nothing is "
                    f"lost; once that is fixed, rerun the command to resume. {words}"
                )
                return
            logger.warning("vLLM ended unexpectedly (%s) and is started again. %s", how, words)
            try:
                await self._start(server)
            except EngineError:
                continue  # it died, or is ended now; the next turn counts that
            finally:
                if server not in self._up:
                    await server.stop()
            logger.warning("vLLM is ready again")

    async def _count_now_and_then(self) -> None:
        while True:
            await self.count()
            await asyncio.sleep(_COUNTED_EVERY)

    def _give_up(self, why: str) -> None:
        self._given_up = self._given_up or why
        self._changed.set()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
