"""The `transformers` engine: a checkpoint inside this process, with continuous batching."""

from __future__ import annotations

from regenesis.engines.transformers.config import TransformersEngineConfig
from regenesis.engines.transformers.engine import TransformersEngine

__all__ = ["TransformersEngine", "TransformersEngineConfig"]
