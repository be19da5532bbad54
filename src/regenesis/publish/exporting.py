"""A run's tuned model in the forms that others load: merged weights, an adapter of peft, GGUF.

    done = export("runs/x", "gguf")
    done.path                          # runs/x/exports/adapter.gguf

What is there already, made from the same weights, is not made again. Each export is whole or not there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal, cast

from regenesis.checkpoints import Dtype, GgufType, merge, write_gguf_adapter, write_gguf_model
from regenesis.checkpoints.gguf_files import read_gguf
from regenesis.errors import RunError
from regenesis.filesystems import replacing
from regenesis.models import Weights, locate_weights
from regenesis.models.weights import folder_digest
from regenesis.store.built_once import build_once
from regenesis.store.directory import RunDirectory
from regenesis.training.base_model import base_of

Form = Literal["merged", "adapter", "gguf"]

_DTYPES: dict[GgufType, Dtype] = {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}
_ADAPTER_TYPES: tuple[GgufType, ...] = ("f32", "f16")
_BITS: dict[GgufType, float] = {"f32": 32, "f16": 16, "bf16": 16, "q8_0": 8.5}
_SPARE = 50_000_000
"""Bytes for a tokenizer and other small files, in the estimate of the room that is needed."""


@dataclass(frozen=True, slots=True)
class Export:
    """What an export came to.

    Attributes:
        form: What was asked for.
        path: The file, or the folder.
        size: Bytes.
        base: The base model as the user named it.
        base_path: Where its weights are.
        base_is_gguf: Whether they are a GGUF file.
        is_adapter: Whether it holds an adapter alone, to be laid over the base.
        already_done: Whether it was there already.
    """

    form: Form
    path: Path
    size: int
    base: str
    base_path: Path
    base_is_gguf: bool
    is_adapter: bool
    already_done: bool


def export(run: str | Path, to: Form, out: str | Path | None = None, kind: GgufType | None = None) -> Export:
    """Writes a run's tuned model in another form.

    Args:
        run: The run's folder, or that of one of its rounds.
        to: `merged`: one checkpoint in safetensors. `adapter`: the adapter as peft has it. `gguf`: for llama.cpp, the
            adapter where one was trained, else the whole model.
        out: Folder to write into; the run's `exports` if left out.
        kind: Type of the numbers: by default bf16 merged, f32 for an adapter's GGUF, q8_0 for a whole model's. An
            adapter is copied as it is.

    Raises:
        RunError: Nothing is trained yet, the form does not suit what was trained, or the disk has no room.
        ModelError: The base cannot be found or has changed, or weights cannot be read or written.
    """
    directory = RunDirectory(run)
    model = directory.model
    is_adapter = (model / "adapter_config.json").is_file()
    if not is_adapter and not (model / "config.json").is_file():
        raise RunError(f"{model}: there is no tuned model yet. Train it first: regenesis train {run}")
    folder = directory.exports if out is None else Path(out)
    base = base_of(model)
    digest = folder_digest(model)
    target, origin, write = _plan(to, kind, model, is_adapter, base, folder, digest)

    def replace(target: Path) -> None:
        _require_room(folder, _needed(to, kind, model, is_adapter, base))
        _remove(target)
        write(target)

    already_done = not build_once(target, origin, replace)
    return Export(
        form=to,
        path=target,
        size=_size(target),
        base=base.spec,
        base_path=base.path,
        base_is_gguf=base.form == "gguf",
        is_adapter=is_adapter and to != "merged",
        already_done=already_done,
    )


def _plan(
    to: Form, kind: GgufType | None, model: Path, is_adapter: bool, base: Weights, folder: Path, digest: str
) -> tuple[Path, str, Callable[[Path], object]]:
    """What is written, from what, and how."""
    if to == "adapter":
        if not is_adapter:
            raise RunError(
                f"{model}: this was a full fine-tuning, so there is no adapter. Use --to merged or --to gguf."
            )
        return folder / "adapter", digest, lambda target: _copy(model, target)
    if to == "merged":
        chosen = kind or "bf16"
        if chosen not in _DTYPES:
            raise RunError(f"Merged weights are written as {', '.join(_DTYPES)}, not as {chosen}.")
        origin = f"{digest} {base.identity} {chosen}"
        if not is_adapter:
            whole = locate_weights(str(model))
            return folder / "merged", origin, lambda target: merge(whole, None, target, _DTYPES[chosen])
        return folder / "merged", origin, lambda target: merge(base, model, target, _DTYPES[chosen])
    if is_adapter:
        chosen = kind or "f32"
        if chosen not in _ADAPTER_TYPES:
            raise RunError(f"An adapter is written as {' or '.join(_ADAPTER_TYPES)}, not as {chosen}.")
        name = "adapter.gguf" if chosen == "f32" else f"adapter-{chosen}.gguf"
        small = cast(Literal["f32", "f16"], chosen)
        return (
            folder / name,
            f"{digest} {base.identity}",
            lambda target: write_gguf_adapter(model, base, target, small),
        )
    chosen = kind or "q8_0"
    origin = f"{digest} {base.identity}"
    return folder / f"model-{chosen}.gguf", origin, lambda target: write_gguf_model(model, base, target, chosen)


def _copy(model: Path, target: Path) -> None:
    """Copies what makes up the model, and nothing that training left beside it."""
    kept = (".safetensors", ".json", ".jinja", ".model", ".md", ".txt")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as partial:
            partial.mkdir()
            for path in model.iterdir():
                if path.is_file() and path.name.endswith(kept):
                    shutil.copy2(path, partial)
    except OSError as error:
        raise RunError(
            f"{target}: cannot be written ({error}). Check free space and permissions on that disk."
        ) from error


def _needed(to: Form, kind: GgufType | None, model: Path, is_adapter: bool, base: Weights) -> int:
    """About how many bytes the export takes."""
    if to == "adapter" or (is_adapter and to == "gguf"):
        return 2 * _size(model)
    parameters = _parameters(base) if is_adapter else _weight_bytes(model) // 2
    return int(parameters * _BITS[kind or ("bf16" if to == "merged" else "q8_0")] / 8) + _SPARE


def _parameters(base: Weights) -> int:
    if base.form == "gguf":
        return sum(prod(tensor.shape) for tensor in read_gguf(base.path).tensors.values())
    return _weight_bytes(base.path) // 2


def _weight_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def _require_room(folder: Path, needed: int) -> None:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise RunError(
            f"{folder}: has {free / 1e6:,.0f} MB free, and the export takes about {needed / 1e6:,.0f} MB. Free some "
            "space, or give another folder with --out."
        )


def _remove(target: Path) -> None:
    """Makes way for a new export; a folder that no export of ours wrote is left alone."""
    if target.is_dir():
        ours = (target / "config.json").is_file() or (target / "adapter_config.json").is_file()
        if not ours and any(target.iterdir()):
            raise RunError(f"{target}: contains something else. Give another folder with --out.")
        shutil.rmtree(target)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
