"""Are vLLM, the checkpoint, the GPUs and the adapter there?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from regenesis.engines.checking import check_adapter_folder, check_checkpoint
from regenesis.engines.vllm.command import gpus_by_replica, lora_rank, visible_gpus, vllm_program
from regenesis.engines.vllm.config import VLLMEngineConfig
from regenesis.errors import ConfigError, EngineError
from regenesis.findings import Finding


def check_program(engine: VLLMEngineConfig) -> Finding:
    """Whether there is a vLLM to start."""
    try:
        program = vllm_program(engine.python)
    except EngineError as error:
        return Finding("engine", "fail", str(error))
    return Finding("engine", "ok", f"{program} is there.")


def check_weights(spec: str) -> Finding:
    """Whether a model is a checkpoint that is there or comes from the Hub."""
    if spec.startswith("pypi:") or spec.endswith(".gguf"):
        return Finding(
            "model", "fail", f"{spec} is a GGUF file, and vLLM serves checkpoints.", "Give `hf:<org>/<repo>`."
        )
    return check_checkpoint(spec)


def check_gpus(engine: VLLMEngineConfig) -> Iterator[Finding]:
    """Whether there are enough GPUs for the replicas."""
    try:
        gpus_by_replica(engine)
    except ConfigError as error:
        yield Finding("GPUs", "fail", str(error))
        return
    if not visible_gpus():
        yield Finding("GPUs", "warn", "No NVIDIA GPU is visible here.", "vLLM for another device starts all the same.")


def check_adapter(adapter: Path) -> Finding:
    """Whether a folder holds an adapter that vLLM can serve."""
    found = check_adapter_folder(adapter)
    if found.status == "ok":
        try:
            lora_rank([adapter])
        except EngineError as error:
            return Finding("adapter", "fail", str(error))
    return found
