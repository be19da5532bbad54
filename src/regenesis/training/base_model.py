"""The model that a tuned one came from."""

from __future__ import annotations

import re
from pathlib import Path

from regenesis.errors import RunError
from regenesis.models import Weights, locate_weights
from regenesis.store.directory import read_json


def base_of(model: Path) -> Weights:
    """The model that a tuned one came from, unchanged since.

    Raises:
        RunError: The folder does not say which it is, or it has changed.
        ModelError: It cannot be found.
    """
    record, path = read_json(model / "training.json") or {}, model / "training.json"
    spec = record.get("base")
    if spec is None:
        path = model / "adapter_config.json"
        spec = (read_json(path) or {}).get("base_model_name_or_path")
    if not isinstance(spec, str) or not spec:
        raise RunError(f"{model}: does not say which model it was trained from. Put its training.json back.")
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
