"""Checks that engines share: is a model on this machine, or will it come to it; is an adapter in form?"""

from __future__ import annotations

from importlib import util
from pathlib import Path

from regenesis.errors import ModelError
from regenesis.filesystems import free_bytes
from regenesis.findings import Finding
from regenesis.models import KNOWN, KnownModel, cache_folder, cached
from regenesis.models.cache import has_gguf_magic
from regenesis.models.names import HubName, LocalName, PackageName, parse_name


def check_model(spec: str) -> Finding:
    """Whether a model of any name but a folder's is there, or can be fetched."""
    try:
        name = parse_name(spec, KNOWN)
        there = cached(name.model) if isinstance(name, PackageName) else None
    except ModelError as error:
        return Finding("model", "fail", str(error))
    match name:
        case LocalName(path):
            return Finding("model", "ok", f"{path} is there.")
        case HubName(repository):
            return Finding("model", "ok", f"{repository} comes from the Hub or its cache when a run starts.")
        case PackageName(model):
            return Finding("model", "ok", f"{model.spec} is cached and verified.") if there else _to_be_fetched(model)


def file_at_hand(spec: str) -> Path | None:
    """The GGUF file of a model that is on this machine, as far as that can be told without asking the Hub's cache.

    Raises:
        ModelError: The name means nothing, or a file cannot be read.
    """
    name = parse_name(spec, KNOWN)
    if isinstance(name, LocalName):
        return has_gguf_magic(name.path)
    return cached(name.model) if isinstance(name, PackageName) else None


def check_gguf_adapter(adapter: Path) -> Finding:
    """Whether a file can be an adapter as GGUF."""
    try:
        has_gguf_magic(adapter)
    except ModelError as error:
        advice = "`regenesis export RUN --to gguf` writes an adapter as GGUF."
        return Finding("adapter", "fail", str(error), advice)
    return Finding("adapter", "ok", f"The adapter {adapter} is there.")


def check_checkpoint(spec: str) -> Finding:
    """Whether a model is a whole checkpoint, or one of another name that is there or can be fetched."""
    folder = Path(spec).expanduser()
    if not folder.is_dir():
        return check_model(spec)
    if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")):
        return Finding("model", "ok", f"{folder} is there.")
    return Finding("model", "fail", f"{folder} is not a checkpoint: it lacks config.json or .safetensors files.")


def check_adapter_folder(adapter: Path) -> Finding:
    """Whether a folder holds an adapter in the form of peft."""
    if (adapter / "adapter_config.json").is_file():
        return Finding("adapter", "ok", f"The adapter {adapter} is there.")
    advice = "Give the folder of an adapter, such as the `model` folder of a run trained with `method: lora`."
    return Finding("adapter", "fail", f"{adapter} holds no adapter_config.json.", advice)


def _to_be_fetched(model: KnownModel) -> Finding:
    summary = f"{model.spec} is not cached yet; the first run downloads {model.size / 1e9:.1f} GB."
    if util.find_spec("pip") is None:
        return Finding("model", "fail", summary + " That needs pip, which is missing.", "`python -m ensurepip`")
    if free_bytes(cache_folder()) < model.size:
        advice = "Free some space, or point REGENESIS_CACHE at a larger disk."
        return Finding("model", "fail", summary + " There is not enough disk space for it.", advice)
    return Finding("model", "ok", summary, f"`regenesis models --fetch {model.spec}` downloads it now.")
