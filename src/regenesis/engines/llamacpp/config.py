"""Config of the llamacpp engine."""

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


class LlamaCppEngineConfig(LocalEngineConfig):
    """llama.cpp inside this process: a GGUF model, nothing to start."""

    loads = "gguf"

    kind: Literal["llamacpp"]
    model: str = "pypi:qwen2.5-coder-1.5b-instruct"
    """`pypi:<name>`, `hf:<org>/<repo>[:<file>]`, or the path of a GGUF file."""
    adapter: Path | None = Field(default=None, json_schema_extra=A_PATH | MAY_DIFFER)
    """LoRA adapter as a GGUF file (`regenesis export RUN --to gguf` writes one)."""
    quantization: Literal["q4_0"] | None = None
    """`q4_0`: compute a copy of the model with its matrices rounded to Q4_0, made at its first use and kept in the
    cache folder: faster on CPUs, and another model. If left out, the file as it is."""

    def make(self, thinking: Thinking = "off", fetching: Progress | None = None) -> Engine:
        from regenesis.engines.llamacpp.engine import LlamaCppEngine

        return LlamaCppEngine(self, fetching, thinking=thinking)

    @staticmethod
    def quantization_of(identity: str) -> Literal["q4_0"] | None:
        """The `quantization` under which a model got its identity from this engine."""
        return "q4_0" if identity.endswith("/q4_0") else None

    def precision(self, identity: str) -> str:
        """The name of the quantisation; where it cannot be told, that of these very weights and no others."""
        if self.quantization is not None:
            return self.quantization.upper()
        from regenesis.models import locate_weights

        weights = locate_weights(self.model)
        return _file_type(weights.path) or f"that of {weights.identity}"

    def check(self) -> Iterator[Finding]:
        from regenesis.engines.checking import check_gguf_adapter, check_model
        from regenesis.engines.llamacpp.checking import check_copy, check_library

        yield check_library()
        yield check_model(self.model)
        if self.quantization is not None:
            yield from check_copy(self.model)
        if self.adapter is not None:
            yield check_gguf_adapter(self.adapter)


def _file_type(path: Path) -> str | None:
    from regenesis.errors import ModelError

    try:
        from gguf import LlamaFileType

        from regenesis.checkpoints.gguf_files import read_gguf

        name: str = LlamaFileType(read_gguf(path).value("general.file_type")).name
    except (ImportError, ModelError, ValueError):
        return None
    return name.removeprefix("ALL_").removeprefix("MOSTLY_")
