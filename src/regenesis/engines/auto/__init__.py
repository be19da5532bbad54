"""The `auto` engine: the fastest in this process that computes a GGUF model rightly on this machine."""

from __future__ import annotations

from regenesis.engines.auto.config import AutoEngineConfig
from regenesis.engines.auto.engine import AutoEngine

__all__ = ["AutoEngine", "AutoEngineConfig"]
