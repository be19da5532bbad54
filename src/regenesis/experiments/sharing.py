"""Engines that the cells of an experiment share: a completion is paid for once, whoever asks for it.

    shared = SharedEngines(ledger, folder / "identities", config.budget)
    await synthesize(cell.config, cell.directory, make_engine=shared.maker())

The experiment's ledger holds each completion once, on disk before a cell is told of it; a cell's own ledger holds what
that cell asked for, so that a cell is an ordinary run. An engine is loaded when the first request comes that is not
recorded: where everything is, no model is loaded.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from regenesis.engines import Engine, EngineConfig
from regenesis.errors import EngineError
from regenesis.evaluation.model_identity import recall, remember
from regenesis.ledger import Ledger
from regenesis.models import Progress
from regenesis.scheduling import Budget, BudgetConfig, Places, Pool
from regenesis.scheduling.open_engine import MakeEngine
from regenesis.types import Completion, Request, Thinking


@dataclass(slots=True)
class SharedTraffic:
    """What the cells asked in this start.

    Attributes:
        recalled: Requests answered from the experiment's ledger, or by the answer to an equal one in flight.
        sent: Requests sent to an engine.
        prompt_tokens: Tokens of their prompts.
        completion_tokens: New tokens.
        in_flight: Requests that an engine is working on.
    """

    recalled: int = 0
    sent: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    in_flight: int = 0


class SharedEngines:
    """The engines of an experiment, each loaded once at a time, over one ledger."""

    def __init__(self, ledger: Ledger, identities: Path, budget: BudgetConfig) -> None:
        """Takes what is shared; loads nothing.

        Args:
            ledger: The experiment's ledger, open to write.
            identities: Folder for who the models are, so that it is known without loading them.
            budget: What this start may spend over all cells; only requests that are sent to an engine count.
        """
        self.ledger = ledger
        self.traffic = SharedTraffic()
        self._identities = identities
        self._budget_config = budget
        self._budget: Budget | None = None
        self._loaded: dict[str, _Loaded] = {}
        self._in_flight: dict[str, asyncio.Future[Completion]] = {}
        self._kept_open = False

    def maker(self, place: int = 0) -> MakeEngine:
        """Makes engines for a cell: the stages' `make_engine`.

        Args:
            place: The cell's place among those that run side by side; a smaller one is served first.
        """

        def make(config: EngineConfig, thinking: Thinking, fetching: Progress) -> Engine:
            return SharedEngine(self, self._of(config, thinking, fetching), place)

        return make

    @asynccontextmanager
    async def kept_open(self) -> AsyncIterator[None]:
        """Within it, an engine stays loaded while no cell uses it for a moment."""
        self._kept_open = True
        try:
            yield
        finally:
            self._kept_open = False
            for loaded in list(self._loaded.values()):
                await self._let_go(loaded)

    async def answer(self, loaded: _Loaded, request: Request) -> Completion:
        """The completion of a request, from the ledger, from an equal request in flight, or from the engine.

        Raises:
            BudgetSpent: The budget of this start is used up.
            RequestFailed: The request failed every time it was tried.
            EngineError: The engine cannot go on.
            LedgerError: The completion could not be recorded.
        """
        key = request.key
        while True:
            recorded = self.ledger.get(key)
            if recorded is not None:
                self.traffic.recalled += 1
                return recorded
            twin = self._in_flight.get(key)
            if twin is None:
                return await self._send(loaded, request, key)
            await asyncio.wait({twin})
            if not twin.cancelled():  # a twin whose cell has ended is asked anew
                self.traffic.recalled += 1
                return twin.result()

    async def _send(self, loaded: _Loaded, request: Request, key: str) -> Completion:
        answered: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        self._in_flight[key] = answered
        try:
            engine = await loaded.engine_at_work(request.model)
            if self._budget is None:
                # made only now, so that loading the first model takes nothing of its minutes
                self._budget = Budget(self._budget_config)
            self._budget.take_request()
            completion = await self._complete(engine, request)
            self._budget.add_tokens(completion)
            if not completion.refused:
                await self.ledger.put(request, completion)
        except Exception as error:
            answered.set_exception(error)
            answered.exception()  # nobody may be waiting for it
            raise
        except BaseException:
            answered.cancel()
            raise
        else:
            answered.set_result(completion)
            return completion
        finally:
            del self._in_flight[key]

    async def _complete(self, engine: Engine, request: Request) -> Completion:
        traffic = self.traffic
        traffic.sent += 1
        traffic.in_flight += 1
        try:
            completion = await engine.complete(request)
        finally:
            traffic.in_flight -= 1
        traffic.prompt_tokens += completion.prompt_tokens
        traffic.completion_tokens += completion.completion_tokens
        return completion

    async def done_with(self, loaded: _Loaded) -> None:
        """Notes that a cell needs an engine no more."""
        loaded.users -= 1
        if not self._kept_open:
            await self._let_go(loaded)

    async def _let_go(self, loaded: _Loaded) -> None:
        if loaded.users == 0:
            self._loaded.pop(loaded.name, None)
            await loaded.engine.close()

    def _of(self, config: EngineConfig, thinking: Thinking, fetching: Progress) -> _Loaded:
        described = json.dumps([type(config).__qualname__, config.model_dump(mode="json"), thinking], sort_keys=True)
        name = hashlib.blake2b(described.encode(), digest_size=12).hexdigest()
        if name not in self._loaded:
            note = self._identities / f"{name}.json"
            self._loaded[name] = _Loaded(name, config, thinking, fetching, note, config.make(thinking, fetching))
        return self._loaded[name]


@dataclass(slots=True)
class _Loaded:
    """One engine and the cells that use it.

    Attributes:
        name: A hash of its config.
        config: Its config.
        thinking: Whether its model thinks.
        fetching: Told how far the model's download is.
        note: File that remembers who its model is.
        engine: The engine itself, opened with the first request that is not recorded.
        users: Cells that have it open.
        places: Places in flight, shared by the cells.
        identity: Who its model is, `None` before anybody asked.
    """

    name: str
    config: EngineConfig
    thinking: Thinking
    fetching: Progress
    note: Path
    engine: Engine
    users: int = 0
    places: Pool = field(init=False)
    identity: str | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _open: bool = False

    def __post_init__(self) -> None:
        self.places = Pool.of(self.engine.capacity)

    async def identify(self) -> str:
        """Who the model is; loads it only where that is not known yet."""
        if self.identity is None:
            self.identity = await asyncio.to_thread(recall, self.config, self.thinking, self.note, self.fetching)
            if self.identity is not None:
                self._go_on_with(self.config.as_begun(self.config.kind, self.identity))
        if self.identity is None:
            await self._open_it()
            self.identity = self.engine.model
        return self.identity

    def _go_on_with(self, config: EngineConfig) -> None:
        """Where the config leaves the choice of the engine to itself: takes the one that was asked before."""
        if config != self.config:
            self.config, self.engine = config, config.make(self.thinking, self.fetching)

    async def engine_at_work(self, model: str) -> Engine:
        """The engine, opened.

        Raises:
            EngineError: It cannot get ready, or its model is another one than it was.
        """
        await self._open_it()
        if self.engine.model != model:
            raise EngineError(
                f"{self.config.model}: is now {self.engine.model}, and was {model} when this start began to ask. "
                "Rerun the command; completions of the earlier one stay recorded."
            )
        return self.engine

    async def _open_it(self) -> None:
        async with self._opening:
            if self._open:
                return
            await self.engine.open()
            self._open = True
            self.places.widen(self.engine.capacity)  # some know it only now
            self.note.parent.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(remember, self.config, self.thinking, self.note, self.engine.model)


class SharedEngine:
    """An engine as one cell sees it.

    Attributes:
        kind: Of the engine that is shared.
        model: Identity of its model; known from `open` on.
        capacity: Most requests it can usefully have in flight, over all cells.
        places: Places in flight, where this cell's chains take turns with those of the others.
    """

    kind: str
    model: str
    capacity: int
    places: Places

    def __init__(self, shared: SharedEngines, loaded: _Loaded, place: int) -> None:
        self.kind, self.capacity = loaded.engine.kind, loaded.engine.capacity
        self.places = loaded.places.behind(place)
        self._shared = shared
        self._loaded = loaded
        self._in_use = False

    async def open(self) -> None:
        """Finds out who the model is.

        Raises:
            EngineError: It has to be loaded for that and cannot.
            ModelError: The model cannot be found, fetched or verified.
        """
        if not self._in_use:
            self._in_use = True
            self._loaded.users += 1
        self.model = await self._loaded.identify()

    async def complete(self, request: Request) -> Completion:
        """The completion, recorded in the experiment's ledger unless it was refused; see `SharedEngines.answer`."""
        return await self._shared.answer(self._loaded, request)

    async def close(self) -> None:
        """Closes the engine, unless another cell uses it."""
        if self._in_use:
            self._in_use = False
            await self._shared.done_with(self._loaded)
