"""A whole model → a GGUF file, with the tokenizer, chat template and figures of the GGUF file its base came from.

    write_gguf_model(run / "model", base, run / "exports" / "model-q8_0.gguf", "q8_0")
    write_gguf_model(base.path, base, run / "exports" / "base-q8_0.gguf", "q8_0")     # the untouched base

Tensors go through one at a time, so a model takes the memory of its largest tensor. Matrices get the type asked for,
vectors stay in float32, as llama.cpp wants them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from regenesis.checkpoints.extras import require_extra
from regenesis.checkpoints.gguf_files import Field, GgufFile, NewTensor, read_gguf, text, whole, write_gguf
from regenesis.checkpoints.gguf_merging import GgufAdapter, read_gguf_adapter
from regenesis.checkpoints.layouts import Layout, layout_of
from regenesis.errors import ModelError
from regenesis.models import Weights

if TYPE_CHECKING:
    import numpy as np

GgufType = Literal["f32", "f16", "bf16", "q8_0"]

_F32, _F16 = 0, 1
_KINDS: dict[GgufType, int] = {"f32": _F32, "f16": _F16, "bf16": 30, "q8_0": 8}
"""Numbers of ggml's types."""

_FILE_TYPES: dict[GgufType, int] = {"f32": 0, "f16": 1, "bf16": 32, "q8_0": 7}
"""What a file says it mostly holds."""

_BLOCK = 32
"""Values that q8_0 scales together; a row that is no multiple of it is kept as f16."""

_Source = dict[str, tuple[tuple[int, ...], Callable[[], "np.ndarray[Any, Any]"]]]
"""Shape and values of each tensor, by its GGUF name."""


def write_gguf_model(
    checkpoint: Path, base: Weights, target: Path, kind: GgufType, adapter: Path | None = None
) -> Path:
    """Writes a whole model as GGUF.

    Args:
        checkpoint: Folder of a checkpoint that was trained from the base; or a GGUF file, the base's own say, whose
            weights are de-quantised and written anew.
        base: The GGUF model that it came from: its tokenizer, chat template and figures go into the new file.
        target: The file to write; whole or not at all.
        kind: Type of the matrices.
        adapter: A LoRA adapter as GGUF, to be merged into the weights.

    Returns:
        The target.

    Raises:
        ModelError: The base is no GGUF file, the checkpoint or the adapter does not fit it, or a file cannot be read or
            written.
    """
    require_extra("gguf")
    if base.form != "gguf":
        raise ModelError(
            f"{checkpoint}: cannot be written as GGUF here, since its base {base.spec} is not GGUF, where the "
            "tokenizer would come from. Export it merged (`--to merged`), then use llama.cpp's own converter: "
            "python convert_hf_to_gguf.py FOLDER --outtype q8_0"
        )
    file = read_gguf(base.path)
    layout = layout_of(file)
    with ExitStack() as files:
        source = _of_gguf(checkpoint) if checkpoint.is_file() else _of_checkpoint(checkpoint, layout, file, files)
        _require_same(source, layout, checkpoint, base)
        if adapter is not None:
            source = _with_adapter(source, read_gguf_adapter(adapter, file))
        tensors = [NewTensor(name, shape, _kind(shape, kind), make) for name, (shape, make) in source.items()]
        return write_gguf(target, _fields(file, kind, checkpoint), tensors)


def _of_gguf(path: Path) -> _Source:
    file = read_gguf(path)
    return {name: (tensor.shape, partial(file.load, name)) for name, tensor in file.tensors.items()}


def _with_adapter(source: _Source, adapter: GgufAdapter) -> _Source:
    def merged(name: str, make: Callable[[], np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        return adapter.merged(name, make())

    return {name: (shape, partial(merged, name, make)) for name, (shape, make) in source.items()}


def _of_checkpoint(folder: Path, layout: Layout, base: GgufFile, files: ExitStack) -> _Source:
    from safetensors import SafetensorError, safe_open

    tied = _is_tied(folder)
    names, source = layout.names(), {}
    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise ModelError(f"{folder}: contains no .safetensors file, so it is not a checkpoint.")
    for path in paths:
        try:
            opened = files.enter_context(safe_open(path, "pt"))
        except (OSError, SafetensorError) as error:
            raise ModelError(f"{path}: cannot be read ({error}).") from error
        for key in opened.keys():  # noqa: SIM118 - no mapping
            module, _, part = key.rpartition(".")
            if module not in names:
                raise ModelError(f"{folder}: contains {key}, which is not a tensor of a {layout.architecture} model.")
            name = f"{names[module]}.{part}"
            if not (tied and name == "output.weight"):
                shape = tuple(opened.get_slice(key).get_shape())
                source[name] = (shape, partial(_load, opened, key, layout, name))
    # tables that belong to the positions and not to the weights: no checkpoint holds them
    tables = [name for name in base.tensors if name.startswith("rope_")]
    return source | {name: (base.tensors[name].shape, partial(base.load, name)) for name in tables}


def _is_tied(folder: Path) -> bool:
    """Whether the embeddings are the output matrix too; such a GGUF file has no matrix for the output."""
    path = folder / "config.json"
    try:
        return bool(json.loads(path.read_text("utf-8")).get("tie_word_embeddings", False))
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{path}: cannot be read ({error}).") from error


def _load(opened: Any, key: str, layout: Layout, name: str) -> np.ndarray[Any, Any]:
    return layout.arrange(name, opened.get_tensor(key).float().numpy())


def _require_same(source: _Source, layout: Layout, checkpoint: Path, base: Weights) -> None:
    """The new file holds what the base does, in the same shapes; the output matrix may come or go with its tying."""
    free = {"output.weight"}
    other = sorted((set(source) ^ set(layout.shapes)) - free)
    other += [name for name, (shape, _) in source.items() if shape != layout.shapes.get(name, shape)]
    if other:
        raise ModelError(
            f"{checkpoint}: does not have the same weights as {base.spec} ({other[0]} differs; {len(other)} in total), "
            "so it is not a checkpoint of that model."
        )


def _kind(shape: tuple[int, ...], kind: GgufType) -> int:
    if len(shape) < 2:
        return _F32
    return _F16 if kind == "q8_0" and shape[-1] % _BLOCK else _KINDS[kind]


def _fields(base: GgufFile, kind: GgufType, checkpoint: Path) -> dict[str, Field]:
    fields = {name: field for name, field in base.fields.items() if not name.startswith("quantize.")}
    # what is written here is aligned as the format has it by default
    fields.pop("general.alignment", None)
    fields["general.file_type"] = whole(_FILE_TYPES[kind])
    if checkpoint != base.path:
        fields["general.name"] = text(f"{base.value('general.name', base.path.stem)}, tuned")
    return fields
