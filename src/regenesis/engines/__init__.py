"""Engines: where tokens come from. Each is one folder with its config, which makes it and answers for it.

engine = config.engine.make(config.thinking)
await engine.open()
completion = await engine.complete(request)
"""

from __future__ import annotations

from regenesis.engines.base import Engine
from regenesis.engines.catalogue import EngineField, default_engine, engine_class, engine_kinds
from regenesis.engines.config import EngineConfig, LocalEngineConfig, Trained

__all__ = [
    "Engine",
    "EngineConfig",
    "EngineField",
    "LocalEngineConfig",
    "Trained",
    "default_engine",
    "engine_class",
    "engine_kinds",
]
