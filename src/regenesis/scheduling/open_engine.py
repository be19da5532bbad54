"""An engine for as long as it is needed.

async with open_engine(config.engine, config.thinking, progress) as engine: ...
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from regenesis.engines import Engine, EngineConfig
from regenesis.models import Progress
from regenesis.scheduling.asking import Asking
from regenesis.types import Thinking

MakeEngine: TypeAlias = Callable[[EngineConfig, Thinking, Progress], Engine]
"""Makes the engine of a config, not opened yet, in place of the config itself: one that several runs share, say."""


@asynccontextmanager
async def open_engine(
    config: EngineConfig,
    thinking: Thinking,
    progress: Asking,
    own: Engine | None = None,
    make: MakeEngine | None = None,
) -> AsyncIterator[Engine]:
    """Makes and opens the engine that a config names, or opens the caller's own, and closes it at the end.

    Raises:
        EngineError: It cannot get ready.
        ModelError: Its model cannot be found, fetched or verified.
    """
    if own is not None:
        engine = own
    elif make is not None:
        engine = make(config, thinking, progress.fetching)
    else:
        engine = config.make(thinking, progress.fetching)
    try:
        await engine.open()
        yield engine
    finally:
        await engine.close()
