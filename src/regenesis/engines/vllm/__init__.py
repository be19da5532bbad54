"""The `vllm` engine: `vllm serve`, started and ended with the run, and spoken to by the `openai` engine's client."""

from __future__ import annotations

from regenesis.engines.vllm.config import VLLMEngineConfig
from regenesis.engines.vllm.engine import VLLMEngine

__all__ = ["VLLMEngine", "VLLMEngineConfig"]
