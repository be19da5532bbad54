"""Are the packages, the checkpoint and the adapter there that the transformers engine needs?"""

from __future__ import annotations

from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.errors import EngineError
from regenesis.findings import Finding, version

if TYPE_CHECKING:
    from regenesis.engines.transformers.config import TransformersEngineConfig


def check_packages(engine: TransformersEngineConfig) -> Finding:
    """Whether what the engine imports is installed."""
    needed = ["torch", "transformers", *(["peft"] if engine.adapter else [])]
    if not Path(engine.model).expanduser().is_dir():
        needed.append("gguf")
    missing = [name for name in needed if util.find_spec(name) is None]
    if missing:
        advice = "Install them: `pip install 'regenesis[transformers]'`."
        return Finding("engine", "fail", f"The transformers engine needs {', '.join(missing)}.", advice)
    slow = _emulation(engine)
    if slow:
        return Finding("engine", "warn", "The transformers engine would be slow here.", slow)
    return Finding("engine", "ok", f"transformers {version('transformers')} and torch {version('torch')} are there.")


def _emulation(engine: TransformersEngineConfig) -> str | None:
    if engine.dtype != "bfloat16":
        return None
    from regenesis.checkpoints.loading import emulation_note
    from regenesis.engines.transformers.devices import chosen_device

    try:
        device = chosen_device(engine.device)
    except EngineError:
        return None  # that it is not there is said at the start
    return emulation_note(engine.dtype, "engine.dtype", device)
