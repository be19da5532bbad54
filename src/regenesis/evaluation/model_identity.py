"""Who a model is, remembered, so that reading recorded answers of it loads nothing.

    known = recall(engine_config, thinking, file)    # None: the engine has to be opened to find out
    remember(engine_config, thinking, file, engine.model)

An engine says who its model is once it is open. That is noted with all that it depends on: the engine's settings that
shape what it computes, and the contents of weights and adapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regenesis.engines import EngineConfig
from regenesis.models import Progress, fingerprint, locate_weights
from regenesis.models.cache import write_json
from regenesis.models.weights import folder_digest
from regenesis.store.directory import read_json
from regenesis.types import Thinking

_KNOWN_BY_CONTENTS = frozenset({"model", "adapter"})
"""Settings whose files are looked at themselves."""


def recall(config: EngineConfig, thinking: Thinking, file: Path, fetching: Progress | None = None) -> str | None:
    """The identity that an engine of this config has, if it is known without opening it.

    Raises:
        ModelError: Weights or adapter cannot be found, fetched or read.
        RunError: The note is damaged.
    """
    if (named := config.identity(thinking)) is not None or config.loads is None:
        return named
    note = read_json(file) or {}
    config = _as_noted(config, note)
    return note.get("identity") if _stated(note.get("of")) == _stated(_contents(config, thinking, fetching)) else None


def remember(config: EngineConfig, thinking: Thinking, file: Path, identity: str) -> None:
    """Notes the identity of an engine of this config, where it takes more than its name to tell."""
    if config.loads is not None and config.identity(thinking) is None:
        config = config.as_begun(config.kind, identity)
        write_json(file, {"identity": identity, "of": _contents(config, thinking, None)})


def _as_noted(config: EngineConfig, note: Mapping[str, Any]) -> EngineConfig:
    """The engine that a note is of, where a config leaves the choice to the engine."""
    of = note.get("of")
    engine = of.get("engine") if isinstance(of, dict) else None
    kind = engine.get("kind") if isinstance(engine, dict) else None
    return config if not isinstance(kind, str) else config.as_begun(kind, None)


def _stated(of: Any) -> Any:
    """What a note is of without settings that are left open: a note from before a setting came does not have it."""
    if not isinstance(of, dict) or not isinstance(of.get("engine"), dict):
        return of
    return of | {"engine": {name: value for name, value in of["engine"].items() if value is not None}}


def _contents(config: EngineConfig, thinking: Thinking, fetching: Progress | None) -> dict[str, Any]:
    weights = locate_weights(config.model, progress=fetching)
    return {
        "engine": config.model_dump(mode="json", exclude={*_KNOWN_BY_CONTENTS, *config.not_shaping}),
        "weights": weights.identity,
        "thinking": thinking != "off",
        "adapter": _adapter_digest(config.loaded_adapter),
    }


def _adapter_digest(adapter: Path | None) -> str | None:
    if adapter is None:
        return None
    return folder_digest(adapter) if adapter.is_dir() else fingerprint(adapter)
