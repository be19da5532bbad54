"""The engine section of a config, read by the engine whose `kind` it names."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.engines.transformers.config import TransformersEngineConfig

EngineConfig = Annotated[
    OpenAIEngineConfig | LlamaCppEngineConfig | TransformersEngineConfig, Field(discriminator="kind")
]
