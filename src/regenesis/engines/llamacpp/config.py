"""What a config can say about llama.cpp inside this process."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from regenesis.section import A_PATH, MAY_DIFFER, Section


class LlamaCppEngineConfig(Section):
    """llama.cpp inside this process: a GGUF model, nothing to start."""

    kind: Literal["llamacpp"]
    model: str = "pypi:qwen2.5-coder-1.5b-instruct"
    """`pypi:<name>`, `hf:<org>/<repo>[:<file>]`, or the path of a GGUF file."""
    max_in_flight: int = Field(default=16, ge=1, json_schema_extra=MAY_DIFFER)
    """Sequences decoded together; each has its own share of the context."""
    context: int = Field(default=4096, ge=256, json_schema_extra=MAY_DIFFER)
    """Tokens of context per sequence: prompt and completion together."""
    threads: int | None = Field(default=None, ge=1, json_schema_extra=MAY_DIFFER)
    """CPU threads; as many as there are cores if left out."""
    adapter: Path | None = Field(default=None, json_schema_extra=A_PATH | MAY_DIFFER)
    """A LoRA adapter as a GGUF file, laid over the model (`regenesis export RUN --to gguf` makes one)."""
