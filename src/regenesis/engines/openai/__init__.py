"""The `openai` engine: any server with an OpenAI-compatible chat-completions endpoint.

engine = OpenAIEngine(OpenAIEngineConfig(kind="openai", base_url="http://127.0.0.1:8000/v1", model="my-model"))
await engine.open()
completion = await engine.complete(request)
await engine.close()
"""

from __future__ import annotations

from regenesis.engines.openai.engine import EngineStatistics, OpenAIEngine

__all__ = ["EngineStatistics", "OpenAIEngine"]
