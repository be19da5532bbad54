"""The `llamacpp` engine: a GGUF model inside this process."""

from __future__ import annotations

from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.llamacpp.engine import LlamaCppEngine

__all__ = ["LlamaCppEngine", "LlamaCppEngineConfig"]
