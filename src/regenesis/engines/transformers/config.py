"""Config of the transformers engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from regenesis.engines.config import LocalEngineConfig
from regenesis.findings import Finding
from regenesis.section import A_PATH, MAY_DIFFER
from regenesis.types import Thinking

if TYPE_CHECKING:
    from regenesis.engines.base import Engine
    from regenesis.models import Progress


class TransformersEngineConfig(LocalEngineConfig):
    """A checkpoint inside this process, on CPU or GPU, with continuous batching; no server to start."""

    loads = "checkpoint"

    kind: Literal["transformers"]
    model: str
    """A checkpoint's folder, `hf:<org>/<repo>`, or a GGUF model by any of its names, which is dequantised."""
    adapter: Path | None = Field(default=None, json_schema_extra=A_PATH | MAY_DIFFER)
    """Folder of a PEFT LoRA adapter."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """Data type of the weights; `auto` is bfloat16 where the hardware computes in it, else float32."""
    device: str = Field(default="auto", json_schema_extra=MAY_DIFFER)
    """`cpu`, `cuda`, `cuda:1`; `auto` is the first GPU if there is one."""

    def make(self, thinking: Thinking = "off", fetching: Progress | None = None) -> Engine:
        from regenesis.engines.transformers.engine import TransformersEngine

        return TransformersEngine(self, fetching, thinking=thinking)

    def precision(self, identity: str) -> str:
        """The type that `auto` came to, which the engine names at the end of the identity."""
        return identity.rpartition("/")[2]

    def check(self) -> Iterator[Finding]:
        from regenesis.engines.checking import check_adapter_folder, check_checkpoint
        from regenesis.engines.transformers.checking import check_packages

        yield check_packages(self)
        yield check_checkpoint(self.model)
        if self.adapter is not None:
            yield check_adapter_folder(self.adapter)
