"""Are the packages, the checkpoint and the adapter there that the transformers engine needs?"""

from __future__ import annotations

from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.engines.checking import check_model
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


def check_weights(spec: str) -> Finding:
    """Whether a model is a whole checkpoint, or one of another name that is there or can be fetched."""
    folder = Path(spec).expanduser()
    if not folder.is_dir():
        return check_model(spec)
    if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")):
        return Finding("model", "ok", f"{folder} is there.")
    return Finding("model", "fail", f"{folder} is not a checkpoint: it lacks config.json or .safetensors files.")


def check_adapter(adapter: Path) -> Finding:
    """Whether a folder holds an adapter in the form of peft."""
    if (adapter / "adapter_config.json").is_file():
        return Finding("adapter", "ok", f"The adapter {adapter} is there.")
    advice = "Give the folder of an adapter, such as the `model` folder of a run trained with `method: lora`."
    return Finding("adapter", "fail", f"{adapter} holds no adapter_config.json.", advice)
