"""The model that a training begins with, and the one that a tuned model came from."""

from __future__ import annotations

import re
from pathlib import Path

from regenesis.engines import EngineConfig
from regenesis.errors import ConfigError, RunError
from regenesis.models import Weights, locate_weights
from regenesis.store.directory import read_json
from regenesis.training.config import TrainingConfig


def model_to_train(training: TrainingConfig, engine: EngineConfig) -> str:
    """The model that a run's training begins with: the one that its config names, or that its engine runs.

    Raises:
        ConfigError: The config does not say which.
    """
    if training.model is not None:
        return training.model
    if engine.weights is None:
        raise ConfigError(
            "training.model: say which weights the server runs (a checkpoint's folder or `hf:<org>/<repo>`), since it "
            "does not provide them: --set training.model=…"
        )
    if engine.loaded_adapter is not None:
        raise ConfigError(
            f"training.model: the engine runs {engine.weights} under an adapter, and training begins with a model "
            f"without an adapter. Name it: merged weights, or {engine.weights} to begin without the adapter."
        )
    return engine.weights


def base_of(model: Path) -> Weights:
    """The model that a tuned one came from, unchanged since.

    Raises:
        RunError: The folder does not say which it is, or it has changed, or the model has no weights.
        ModelError: It cannot be found.
    """
    record, path = read_json(model / "training.json") or {}, model / "training.json"
    spec = record.get("base")
    if record.get("parameters") == 0:
        raise RunError(f"{model}: holds no weights, since the engine `{record.get('device')}` trained it by itself.")
    if spec is None:
        path = model / "adapter_config.json"
        spec = (read_json(path) or {}).get("base_model_name_or_path")
    if not isinstance(spec, str) or not spec:
        raise RunError(f"{model}: does not say which model it was trained from. Restore its training.json.")
    if re.fullmatch(r"[\w.-]+/[\w.-]+", spec) and not Path(spec).exists():
        # peft names the hub's models without a scheme
        spec = f"hf:{spec}"
    base = locate_weights(spec)
    identity = record.get("base_identity")
    if isinstance(identity, str) and base.identity != identity:
        raise RunError(
            f"{path}: was trained from {identity}, and {spec} now is {base.identity}. Put the first one back."
        )
    return base
