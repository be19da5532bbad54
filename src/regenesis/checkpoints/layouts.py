"""How llama.cpp names and arranges the weights of an architecture, against how transformers does.

    layout = read_layout(weights)
    layout.name("model.layers.0.self_attn.q_proj")     # "blk.0.attn_q"
    layout.arrange("blk.0.attn_q", rows)               # rows in llama.cpp's order

The one difference in arrangement: llama.cpp turns the positions of the llama family in neighbouring pairs, transformers
in halves, so the rows that make queries and keys stand in another order there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.checkpoints.gguf_files import GgufFile, read_gguf
from regenesis.errors import ModelError
from regenesis.models import Weights

if TYPE_CHECKING:
    import numpy as np

_ARCHITECTURES = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
"""llama.cpp's architecture by the model type of transformers."""

_PAIRED = {"llama"}
"""Architectures of llama.cpp that turn neighbouring pairs."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Names and arrangement of one model's weights in GGUF.

    Attributes:
        architecture: llama.cpp's name for it.
        blocks: Number of layers.
        heads: Attention heads.
        key_heads: Heads of keys and values.
        shapes: Shape of each weight by its GGUF name, where the model came as GGUF; else empty.
    """

    architecture: str
    blocks: int
    heads: int
    key_heads: int
    shapes: Mapping[str, tuple[int, ...]]

    def names(self) -> dict[str, str]:
        """GGUF names (`blk.0.attn_q`) by those of transformers (`model.layers.0.self_attn.q_proj`)."""
        from gguf import MODEL_ARCH_NAMES, get_tensor_name_map

        architecture = next(key for key, name in MODEL_ARCH_NAMES.items() if name == self.architecture)
        mapping = get_tensor_name_map(architecture, self.blocks).mapping
        return {name: gguf_name for name, (_, gguf_name) in mapping.items()}

    def arrange(self, name: str, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Puts the rows of a weight, a bias or an adapter's B, as transformers has them, into llama.cpp's order."""
        heads = self._turned(name)
        return rows.reshape(heads, 2, -1, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape) if heads else rows

    def restore(self, name: str, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Undoes `arrange`."""
        heads = self._turned(name)
        return rows.reshape(heads, -1, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape) if heads else rows

    def _turned(self, name: str) -> int:
        """The heads of a weight whose rows stand in another order in llama.cpp; 0 for all others."""
        part = re.search(r"\.attn_([qk])(\.|$)", name)
        if self.architecture not in _PAIRED or part is None:
            return 0
        return self.heads if part[1] == "q" else self.key_heads


def read_layout(base: Weights) -> Layout:
    """How the weights of a model are named and arranged in GGUF.

    Raises:
        ModelError: The model cannot be read, or is of an architecture that is not known here.
    """
    return layout_of(read_gguf(base.path)) if base.form == "gguf" else _layout_of_config(base.path)


def layout_of(file: GgufFile) -> Layout:
    """The layout of a GGUF file that was read already.

    Raises:
        ModelError: It is of an architecture that is not known here.
    """
    architecture = str(file.value("general.architecture"))
    if architecture not in _ARCHITECTURES.values():
        raise _unknown(file.path, architecture)
    heads = file.value(f"{architecture}.attention.head_count")
    blocks = file.value(f"{architecture}.block_count")
    key_heads = file.value(f"{architecture}.attention.head_count_kv", heads)
    if not (isinstance(heads, int) and isinstance(blocks, int) and isinstance(key_heads, int)):
        raise ModelError(f"{file.path}: its numbers of layers and heads are missing or invalid; convert it again.")
    if heads < 1 or key_heads < 1 or not 0 < blocks <= len(file.tensors):
        raise ModelError(
            f"{file.path}: states {blocks} layers and {heads}/{key_heads} heads, which its {len(file.tensors)} tensors "
            "cannot be. Download or convert it again."
        )
    return Layout(architecture, blocks, heads, key_heads, {name: one.shape for name, one in file.tensors.items()})


def _layout_of_config(folder: Path) -> Layout:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
        kind, blocks, heads = config["model_type"], config["num_hidden_layers"], config["num_attention_heads"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: is not the config of a causal language model ({error!r}).") from error
    if kind not in _ARCHITECTURES:
        raise _unknown(folder, str(kind))
    return Layout(_ARCHITECTURES[kind], blocks, heads, config.get("num_key_value_heads") or heads, {})


def _unknown(path: Path, architecture: str) -> ModelError:
    return ModelError(
        f"{path}: the architecture {architecture!r} cannot be written as GGUF here; {', '.join(_ARCHITECTURES)} can. "
        "Export it merged (`--to merged`) and use llama.cpp's own converter, convert_hf_to_gguf.py."
    )
