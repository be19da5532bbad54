"""Who a model is, remembered, so that reading recorded answers of it loads nothing.

    known = recall(engine_config, thinking, file)    # None: the engine has to be opened to find out
    remember(engine_config, thinking, file, engine.model)

An engine says who its model is once it is open. That is noted with all that it depends on: the engine's settings that
shape what it computes, and the contents of weights and adapter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from regenesis.config import EngineConfig, LlamaCppEngineConfig, OpenAIEngineConfig, Thinking
from regenesis.engines import make_engine
from regenesis.errors import ModelError
from regenesis.models import Progress, Weights, fingerprint, locate_weights
from regenesis.models.cache import write_json
from regenesis.models.weights import folder_digest
from regenesis.store.directory import read_json

_NOT_SHAPING = {"model", "adapter", "max_in_flight", "threads"}
"""Settings that change how fast an engine is, or that are known by their contents."""


def recall(config: EngineConfig, thinking: Thinking, file: Path, fetching: Progress | None = None) -> str | None:
    """The identity that an engine of this config has, if it is known without opening it.

    Raises:
        ModelError: Weights or adapter cannot be found, fetched or read.
        RunError: The note is damaged.
    """
    if isinstance(config, OpenAIEngineConfig):
        return make_engine(config, thinking).model
    note = read_json(file) or {}
    return note.get("identity") if note.get("of") == _contents(config, thinking, fetching) else None


def remember(config: EngineConfig, thinking: Thinking, file: Path, identity: str) -> None:
    """Notes the identity of an engine of this config."""
    if not isinstance(config, OpenAIEngineConfig):
        write_json(file, {"identity": identity, "of": _contents(config, thinking, None)})


def conditions(config: EngineConfig, identity: str) -> dict[str, Any]:
    """What has to be the same for two models to be measured alike, beside questions, prompts and sampling.

    Args:
        config: The engine's config.
        identity: The model's, as the engine gives it.

    Raises:
        ModelError: The weights cannot be found or fetched.
    """
    if isinstance(config, OpenAIEngineConfig):
        return {"engine": config.kind, "precision": "unknown", "settings": config.extra_body}
    # the transformers engine names the type that `auto` came to at the end of the identity
    precision = _gguf_precision(config) if isinstance(config, LlamaCppEngineConfig) else identity.rpartition("/")[2]
    return {"engine": config.kind, "precision": precision, "context": config.context}


def _contents(config: EngineConfig, thinking: Thinking, fetching: Progress | None) -> dict[str, Any]:
    assert not isinstance(config, OpenAIEngineConfig)
    weights = locate_weights(config.model, progress=fetching)
    return {
        "engine": config.model_dump(mode="json", exclude=_NOT_SHAPING),
        "weights": weights.identity,
        "thinking": thinking != "off",
        "adapter": _adapter_digest(config.adapter),
    }


def _adapter_digest(adapter: Path | None) -> str | None:
    if adapter is None:
        return None
    return folder_digest(adapter) if adapter.is_dir() else fingerprint(adapter)


def _gguf_precision(config: LlamaCppEngineConfig) -> str:
    """The name of the quantisation; where it cannot be told, that of these very weights and no others."""
    weights = locate_weights(config.model)
    return _file_type(weights) or f"that of {weights.identity}"


def _file_type(weights: Weights) -> str | None:
    try:
        from gguf import LlamaFileType

        from regenesis.checkpoints.gguf_files import read_gguf

        name: str = LlamaFileType(read_gguf(weights.path).value("general.file_type")).name
    except (ImportError, ModelError, ValueError):
        return None
    return name.removeprefix("ALL_").removeprefix("MOSTLY_")
