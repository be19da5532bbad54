"""Config of the vllm engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from regenesis.engines.config import EngineConfig
from regenesis.engines.openai.config import RetryConfig
from regenesis.findings import Finding
from regenesis.secrets import FieldsWithoutKeys
from regenesis.section import A_PATH, A_PROGRAM, MAY_DIFFER, Reach, reaching
from regenesis.types import Thinking

if TYPE_CHECKING:
    from regenesis.engines.base import Engine
    from regenesis.models import Progress

_SET_BY_THE_ENGINE = {
    "model": "engine.model",
    "served-model-name": "engine.model",
    "enable-lora": "engine.adapter",
    "lora-modules": "engine.adapter",
    "data-parallel-size": "engine.replicas",
    "host": None,
    "port": None,
    "uds": None,
    "api-key": None,
    "api-server-count": None,
    "headless": None,
    "root-path": None,
    "config": None,
}
"""Options of `vllm serve` that are not for `args`, and the field to use instead, if there is one."""

_SPEED_ONLY = frozenset(
    {
        "async-scheduling",
        "block-size",
        "compilation-config",
        "cpu-offload-gb",
        "cudagraph-capture-sizes",
        "disable-log-stats",
        "disable-uvicorn-access-log",
        "distributed-executor-backend",
        "enable-chunked-prefill",
        "enable-log-requests",
        "enable-prefix-caching",
        "enforce-eager",
        "gpu-memory-utilization",
        "kv-cache-memory-bytes",
        "load-format",
        "max-lora-rank",
        "max-loras",
        "max-model-len",
        "max-num-batched-tokens",
        "max-num-seqs",
        "max-parallel-loading-workers",
        "num-gpu-blocks-override",
        "pipeline-parallel-size",
        "safetensors-load-strategy",
        "scheduling-policy",
        "seed",
        "swap-space",
        "tensor-parallel-size",
        "uvicorn-log-level",
    }
)
"""Options that decide how fast vLLM is and how much fits, not what it computes; all others belong to the identity."""


class VLLMEngineConfig(EngineConfig):
    """vLLM on this machine's GPUs or CPU: started when it is needed, ended with the run."""

    loads = "checkpoint"
    not_shaping = frozenset({"max_in_flight", "python", "replicas", "start_timeout", "timeout", "retry"})

    kind: Literal["vllm"]
    model: str
    """A checkpoint's folder or `hf:<org>/<repo>`."""
    adapter: Path | None = Field(default=None, json_schema_extra=A_PATH | MAY_DIFFER)
    """Folder of a PEFT LoRA adapter, served beside the model."""
    python: Path | None = Field(
        default=None, json_schema_extra=A_PROGRAM | MAY_DIFFER | reaching("starts vLLM with {}")
    )
    """Python of the environment that vLLM is installed in, `/envs/vllm/bin/python`; this one's if left out."""
    replicas: int = Field(default=1, ge=1, json_schema_extra=MAY_DIFFER)
    """Servers, each with GPUs of its own. A question's requests go to the one that has computed its beginning."""
    args: FieldsWithoutKeys = Field(default_factory=dict, json_schema_extra=MAY_DIFFER)
    """Options of `vllm serve`, such as `{max_model_len: 8192, tensor_parallel_size: 2}`. `true` is a bare option,
    `false` its `--no-` form, `null` leaves it out."""
    max_in_flight: int = Field(default=256, ge=1, json_schema_extra=MAY_DIFFER)
    """Maximum requests in flight over all replicas."""
    start_timeout: float = Field(default=1800.0, gt=0, json_schema_extra=MAY_DIFFER)
    """Seconds until a server has to be ready."""
    timeout: float = Field(default=1800.0, gt=0, json_schema_extra=MAY_DIFFER)
    """Request timeout in seconds."""
    retry: RetryConfig = Field(default=RetryConfig(), json_schema_extra=MAY_DIFFER)
    """Retries and backoff."""
    extra_body: FieldsWithoutKeys = Field(default_factory=dict)
    """Extra fields of every request, such as `top_k` or `chat_template_kwargs`."""

    @field_validator("args")
    @classmethod
    def _options(cls, value: dict[str, Any]) -> dict[str, Any]:
        named: dict[str, Any] = {}
        for stated, setting in value.items():
            name = stated.lstrip("-").replace("_", "-")
            if not name.replace("-", "").isalnum() or not name.isascii() or not name.islower():
                raise ValueError(f"{stated!r} is no option of `vllm serve`; write it as in `max_model_len`")
            if name in _SET_BY_THE_ENGINE:
                instead = _SET_BY_THE_ENGINE[name]
                hint = f"; use {instead} instead" if instead else ""
                raise ValueError(f"{stated} is set by the engine itself{hint}")
            if name in named:
                raise ValueError(f"{stated} is given twice")
            named[name] = setting
        for name in ("tensor-parallel-size", "pipeline-parallel-size", "max-model-len"):
            size = named.get(name)
            if name in named and not (isinstance(size, int) and not isinstance(size, bool) and size >= 1):
                raise ValueError(f"{name.replace('-', '_')} must be a positive integer")
        return named

    @property
    def gpus_per_replica(self) -> int:
        """GPUs that one server is spread over."""
        return int(self.args.get("tensor-parallel-size", 1)) * int(self.args.get("pipeline-parallel-size", 1))

    @property
    def gpus(self) -> int:
        return self.replicas * self.gpus_per_replica

    @property
    def shaping(self) -> dict[str, Any]:
        """The options and fields that decide what is computed, beside weights and data type."""
        options = {name: value for name, value in self.args.items() if name not in {*_SPEED_ONLY, "dtype"}}
        return {"args": options} if options else {}

    def make(self, thinking: Thinking = "off", fetching: Progress | None = None) -> Engine:
        from regenesis.engines.vllm.engine import VLLMEngine

        return VLLMEngine(self, fetching, thinking=thinking)

    @property
    def loaded_adapter(self) -> Path | None:
        return self.adapter

    def with_adapter(self, adapter: Path | None) -> VLLMEngineConfig:
        return self.model_copy(update={"adapter": adapter})

    @property
    def context_length(self) -> int | None:
        return self.args.get("max-model-len")

    def precision(self, identity: str) -> str:
        """The data type and, if there is one, the quantisation."""
        named = [str(self.args[name]) for name in ("quantization", "kv-cache-dtype") if self.args.get(name)]
        return "/".join([str(self.args.get("dtype", "auto")), *named])

    def conditions(self, identity: str) -> dict[str, Any]:
        settings = json.dumps(self.shaping | ({"body": self.extra_body} if self.extra_body else {}), sort_keys=True)
        return {**super().conditions(identity), "context": self.context_length, "settings": settings}

    def check(self) -> Iterator[Finding]:
        from regenesis.engines.vllm.checking import check_adapter, check_gpus, check_program, check_weights

        yield check_program(self)
        yield check_weights(self.model)
        yield from check_gpus(self)
        if self.adapter is not None:
            yield check_adapter(self.adapter)

    def reaches(self) -> Iterator[Reach]:
        yield from super().reaches()
        if self.args:
            yield Reach("args", f"gives `vllm serve` the options {json.dumps(self.args)}")
