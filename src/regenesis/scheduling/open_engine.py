"""An engine for as long as it is needed.

async with open_engine(config.engine, config.thinking, progress) as engine: ...
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from regenesis.engines import Engine, EngineConfig
from regenesis.scheduling.asking import Asking
from regenesis.types import Thinking


@asynccontextmanager
async def open_engine(
    config: EngineConfig, thinking: Thinking, progress: Asking, own: Engine | None = None
) -> AsyncIterator[Engine]:
    """Makes and opens the engine that a config names, or opens the caller's own, and closes it at the end.

    Raises:
        EngineError: It cannot get ready.
        ModelError: Its model cannot be found, fetched or verified.
    """
    engine = own if own is not None else config.make(thinking, progress.fetching)
    try:
        await engine.open()
        yield engine
    finally:
        await engine.close()
