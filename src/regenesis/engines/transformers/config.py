"""What a config can say about a checkpoint inside this process."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from regenesis.section import A_PATH, MAY_DIFFER, Section


class TransformersEngineConfig(Section):
    """A checkpoint inside this process, on CPU or GPU, with continuous batching; no server to start."""

    kind: Literal["transformers"]
    model: str
    """A checkpoint's folder, `hf:<org>/<repo>`, or a GGUF model by any of its names, which is then de-quantised."""
    adapter: Path | None = Field(default=None, json_schema_extra=A_PATH | MAY_DIFFER)
    """Folder of a LoRA adapter in the form of peft, laid over the model."""
    max_in_flight: int = Field(default=16, ge=1, json_schema_extra=MAY_DIFFER)
    """Sequences decoded together."""
    context: int = Field(default=4096, ge=256, json_schema_extra=MAY_DIFFER)
    """Most tokens of one sequence: prompt and completion together."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """Type of the weights in memory; `auto` takes bfloat16 where the hardware computes in it, else float32."""
    device: str = Field(default="auto", json_schema_extra=MAY_DIFFER)
    """`cpu`, `cuda`, `cuda:1`; `auto` takes the first GPU if there is one."""
    threads: int | None = Field(default=None, ge=1, json_schema_extra=MAY_DIFFER)
    """CPU threads; as many as there are cores if left out."""
