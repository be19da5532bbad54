"""A LoRA adapter in the form of peft → a GGUF file that llama.cpp lays over the quantised base.

    write_gguf_adapter(run / "model", base, run / "exports" / "adapter.gguf")

For a weight W with the adapter's A and B, peft adds `scale · B·A·x`, where the scale is `alpha / rank` (`alpha / √rank`
with `use_rslora`). llama.cpp adds `alpha / rank · B·A·x` with one alpha for the whole file and each weight's own rank.
The alpha that most weights need goes into the file; what a weight's scale differs from that is multiplied into its B.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from regenesis.checkpoints.extras import require_extra
from regenesis.checkpoints.gguf_files import Field, NewTensor, real, text, write_gguf
from regenesis.checkpoints.layouts import Layout, read_layout
from regenesis.errors import ModelError
from regenesis.models import Weights

if TYPE_CHECKING:
    import numpy as np

_KINDS = {"f32": 0, "f16": 1}

_UNSUPPORTED = {
    "use_dora": "DoRA (use_dora)",
    "use_qalora": "QA-LoRA (use_qalora)",
    "use_bdlora": "BD-LoRA (use_bdlora)",
    "arrow_config": "Arrow (arrow_config)",
    "kasa_config": "KaSA (kasa_config)",
    "velora_config": "VeLoRA (velora_config)",
    "monteclora_config": "MonteCLoRA (monteclora_config)",
    "alora_invocation_tokens": "activated LoRA (alora_invocation_tokens)",
    "modules_to_save": "whole layers trained beside the adapter (modules_to_save)",
    "trainable_token_indices": "trained tokens (trainable_token_indices)",
    "target_parameters": "adapted parameters outside layers (target_parameters)",
    "layer_replication": "repeated layers (layer_replication)",
    "fan_in_fan_out": "transposed layers (fan_in_fan_out)",
    "lora_bias": "a bias in the adapter (lora_bias)",
}
"""Options of peft that say more than two small matrices a weight, which is all that llama.cpp has a place for."""

_CHANGES_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")
"""Ways to begin an adapter that take its beginning out of the base's weights, so it fits no other base."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two matrices beside one weight, by their names in the adapter's file."""

    module: str
    down: str
    up: str
    rank: int
    inputs: int
    outputs: int


def write_gguf_adapter(adapter: Path, base: Weights, target: Path, kind: Literal["f32", "f16"] = "f32") -> Path:
    """Writes a peft adapter as GGUF.

    Args:
        adapter: Folder with adapter_config.json and adapter_model.safetensors.
        base: The model it belongs to. For a GGUF file the shapes are compared.
        target: The file to write; whole or not at all.
        kind: Type of the matrices.

    Returns:
        The target.

    Raises:
        ModelError: The adapter holds what llama.cpp has no place for, does not fit the base, or cannot be read or
            written.
    """
    require_extra("gguf")
    from safetensors import SafetensorError, safe_open

    config = read_adapter_config(adapter)
    layout = read_layout(base)
    names = layout.names()
    weights = adapter / "adapter_model.safetensors"
    try:
        with safe_open(weights, "pt") as file:
            pairs = _pairs(file, adapter)
            scales = {pair.module: _scale(config, pair) for pair in pairs}
            alpha = Counter(scales[pair.module] * pair.rank for pair in pairs).most_common(1)[0][0]
            tensors = []
            for pair in pairs:
                name = _gguf_name(pair, names, layout, adapter, base)
                factor = scales[pair.module] * pair.rank / alpha
                down, up = partial(_load, file, pair.down), partial(_load_up, file, pair.up, layout, name, factor)
                tensors += [
                    NewTensor(f"{name}.weight.lora_a", (pair.rank, pair.inputs), _KINDS[kind], down),
                    NewTensor(f"{name}.weight.lora_b", (pair.outputs, pair.rank), _KINDS[kind], up),
                ]
            return write_gguf(target, _fields(layout, adapter, alpha), tensors)
    except (OSError, SafetensorError, ValueError, ArithmeticError, re.error) as error:
        # the last three are what a rank of 0, say, or a pattern that is none comes to
        raise ModelError(f"{weights}: cannot be read ({error}).") from error


def read_adapter_config(adapter: Path) -> dict[str, Any]:
    """The adapter's config, if all it says can be said in GGUF.

    Raises:
        ModelError: It cannot be read; or what cannot be said is named.
    """
    path = adapter / "adapter_config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{adapter}: is not a PEFT adapter ({path.name}: {error}).") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise ModelError(f"{path}: is not the config of a LoRA adapter; only LoRA adapters can be converted to GGUF.")
    found = [words for option, words in _UNSUPPORTED.items() if config.get(option)]
    if config.get("bias", "none") != "none":
        found.append(f"trained biases (bias: {config['bias']})")
    begun = str(config.get("init_lora_weights", True)).lower()
    if begun.startswith(_CHANGES_BASE):
        found.append(f"an adapter initialised from the base's weights (init_lora_weights: {begun})")
    if found:
        raise ModelError(
            f"{adapter}: llama.cpp adapters cannot represent {', '.join(found)}. "
            "Export it merged (`--to merged`), or train a plain LoRA."
        )
    return config


def _pairs(file: Any, adapter: Path) -> list[_Pair]:
    keys = set(file.keys())
    if not keys:
        raise ModelError(f"{adapter}: the adapter contains no weights.")
    pairs = []
    for down in sorted(key for key in keys if key.endswith(".lora_A.weight")):
        module = down.removesuffix(".lora_A.weight").removeprefix("base_model.model.")
        up = down.replace(".lora_A.", ".lora_B.")
        if up not in keys:
            raise ModelError(f"{adapter}: has {down} but not {up}.")
        (rank, inputs), (outputs, width) = file.get_slice(down).get_shape(), file.get_slice(up).get_shape()
        if rank != width:
            raise ModelError(f"{adapter}: {down} has rank {rank}, and {up} has rank {width}.")
        pairs.append(_Pair(module, down, up, rank, inputs, outputs))
    others = sorted(keys - {pair.down for pair in pairs} - {pair.up for pair in pairs})
    if others:
        raise ModelError(
            f"{adapter}: llama.cpp adapters cannot represent {others[0]} ({len(others)} in total). Export it merged "
            "(`--to merged`), or train a plain LoRA on linear layers."
        )
    return pairs


def _scale(config: Mapping[str, Any], pair: _Pair) -> float:
    """What peft multiplies the product of the two matrices by."""
    alpha = config.get("lora_alpha", pair.rank)
    for pattern, own in (config.get("alpha_pattern") or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", pair.module):
            alpha = own
            break
    return float(alpha) / (math.sqrt(pair.rank) if config.get("use_rslora") else pair.rank)


def _gguf_name(pair: _Pair, names: Mapping[str, str], layout: Layout, adapter: Path, base: Weights) -> str:
    name = names.get(pair.module)
    if name is None:
        raise ModelError(f"{adapter}: adapts {pair.module}, which {base.spec} ({layout.architecture}) does not have.")
    shape = layout.shapes.get(f"{name}.weight")
    if layout.shapes and shape is None:
        # llama.cpp would refuse the file, or take the embeddings for the output and apply it to them
        raise ModelError(
            f"{adapter}: adapts {pair.module}, which is not a separate tensor in {base.path.name}. Export it merged "
            "(`--to merged`)."
        )
    if shape is not None and shape != (pair.outputs, pair.inputs):
        raise ModelError(
            f"{adapter}: {pair.module} is {pair.outputs}×{pair.inputs} in the adapter and {shape[0]}×{shape[1]} in "
            f"{base.spec}: the adapter belongs to another model."
        )
    return name


def _fields(layout: Layout, adapter: Path, alpha: float) -> dict[str, Field]:
    return {
        "general.architecture": text(layout.architecture),
        "general.type": text("adapter"),
        "general.name": text(adapter.resolve().name),
        "adapter.type": text("lora"),
        "adapter.lora.alpha": real(alpha),
    }


def _load(file: Any, name: str) -> np.ndarray[Any, Any]:
    values: np.ndarray[Any, Any] = file.get_tensor(name).float().numpy()
    return values


def _load_up(file: Any, key: str, layout: Layout, name: str, factor: float) -> np.ndarray[Any, Any]:
    values: np.ndarray[Any, Any] = layout.arrange(name, _load(file, key)) * factor
    return values
