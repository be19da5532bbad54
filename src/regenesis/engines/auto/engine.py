"""The choice between OpenVINO and llama.cpp, made when the engine opens.

    engine = AutoEngine(AutoEngineConfig(kind="auto", model="pypi:qwen2.5-coder-0.5b-instruct"))
    await engine.open()
    engine.kind          # "openvino", or "llamacpp" where OpenVINO is missing or computes this model wrongly

OpenVINO is several times as fast on x86-64 CPUs, but reads fewer models, and a few of them wrongly.
"""

from __future__ import annotations

import logging

from regenesis.engines.auto.config import AutoEngineConfig, why_not_openvino
from regenesis.engines.base import Engine
from regenesis.engines.openvino.checking import Unsuitable
from regenesis.errors import EngineError
from regenesis.models import Progress
from regenesis.types import Completion, Request, Thinking

_log = logging.getLogger(__name__)


class AutoEngine:
    """The engine that was chosen; see the module's text.

    Attributes:
        kind: Of the engine that was chosen; `auto` before `open`.
        model: Identity of its model; known from `open` on.
        capacity: Sequences decoded together; the chosen engine's from `open` on.
    """

    kind: str
    model: str
    capacity: int

    def __init__(
        self, config: AutoEngineConfig, progress: Progress | None = None, *, thinking: Thinking = "off"
    ) -> None:
        self.kind = config.kind
        self.capacity = config.places
        self._config = config
        self._thinking: Thinking = thinking
        self._progress = progress
        self._chosen: Engine | None = None

    @property
    def tokens_under_way(self) -> int:
        """New tokens of the replies that are being written."""
        return getattr(self._chosen, "tokens_under_way", 0)

    async def open(self) -> None:
        """Chooses an engine and opens it.

        Raises:
            ModelError: The model or its adapter cannot be found, fetched or verified.
            EngineError: llama.cpp cannot load it either.
        """
        if self._chosen is None:
            self._chosen = await self._open_best()
            self.kind, self.model, self.capacity = self._chosen.kind, self._chosen.model, self._chosen.capacity

    async def complete(self, request: Request) -> Completion:
        """Asks the engine that was chosen for one completion.

        Raises:
            RequestFailed: It failed on this request.
            EngineError: It is not open, or cannot go on.
        """
        if self._chosen is None:
            raise EngineError("The engine is not open: call `open` first.")
        return await self._chosen.complete(request)

    async def close(self) -> None:
        """Closes the engine that was chosen."""
        chosen, self._chosen = self._chosen, None
        if chosen is not None:
            await chosen.close()

    async def _open_best(self) -> Engine:
        why_not = why_not_openvino()
        if why_not is None:
            engine = self._config.by_openvino.make(self._thinking, self._progress)
            try:
                await engine.open()
            except Unsuitable as error:
                _log.warning("%s llamacpp is used.", error.finding)
            else:
                return engine
        else:
            _log.info("llamacpp is used rather than openvino (%s).", why_not)
        engine = self._config.by_llamacpp.make(self._thinking, self._progress)
        await engine.open()
        return engine
