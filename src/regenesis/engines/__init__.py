"""Engines: where tokens come from.

engine = make_engine(config.engine, config.thinking)
await engine.open()
completion = await engine.complete(request)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenesis.engines.base import Engine
from regenesis.types import Thinking

if TYPE_CHECKING:
    from regenesis.engines.config import EngineConfig
    from regenesis.models import Progress as Fetching

__all__ = ["Engine", "make_engine"]


def make_engine(config: EngineConfig, thinking: Thinking = "off", fetching: Fetching | None = None) -> Engine:
    """The engine that a config names, not opened yet.

    Args:
        config: The engine's config.
        thinking: Whether a model that can think does so; `keep` asks the same as `on`.
        fetching: Told how far the model's download is.
    """
    if config.kind == "openai":
        from regenesis.engines.openai import OpenAIEngine

        return OpenAIEngine(config, thinking)
    if config.kind == "transformers":
        from regenesis.engines.transformers import TransformersEngine

        return TransformersEngine(config, fetching, thinking=thinking)
    from regenesis.engines.llamacpp import LlamaCppEngine

    return LlamaCppEngine(config, fetching, thinking=thinking)
