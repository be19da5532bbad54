"""A LoRA adapter as GGUF, merged into the weights of the GGUF model it belongs to.

    adapter = read_gguf_adapter(path)
    adapter.merged("blk.0.attn_q.weight", values)     # W + alpha / rank · B·A, or the values as they are

llama.cpp lays such a file over a model while it computes; engines that cannot are given merged weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.checkpoints.gguf_files import GgufFile, read_gguf
from regenesis.errors import ModelError

if TYPE_CHECKING:
    import numpy as np

_DOWN, _UP = ".lora_a", ".lora_b"


@dataclass(frozen=True, slots=True)
class GgufAdapter:
    """An adapter's matrices by the names of the weights that they change."""

    file: GgufFile
    alpha: float

    def names(self) -> set[str]:
        """The weights that it changes."""
        return {name.removesuffix(_DOWN) for name in self.file.tensors if name.endswith(_DOWN)}

    def merged(self, name: str, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The values of a weight with the adapter in them, as llama.cpp computes with both.

        Raises:
            ModelError: The matrices have other shapes than the weight asks for.
        """
        if name + _DOWN not in self.file.tensors:
            return values
        down, up = self.file.load(name + _DOWN), self.file.load(name + _UP)
        if down.shape[0] != up.shape[1] or (up.shape[0], down.shape[1]) != values.shape:
            raise ModelError(
                f"{self.file.path}: changes {name} as if it were {up.shape[0]}×{down.shape[1]}, and the model has "
                f"{'×'.join(map(str, values.shape))}: the adapter belongs to another model."
            )
        change: np.ndarray[Any, Any] = up @ down
        change *= self.alpha / down.shape[0]
        change += values
        return change


def read_gguf_adapter(path: Path, base: GgufFile) -> GgufAdapter:
    """Reads a LoRA adapter.

    Args:
        path: The adapter as GGUF.
        base: The model it belongs to.

    Raises:
        ModelError: It is no LoRA adapter, changes what the model does not have, or cannot be read.
    """
    file = read_gguf(path)
    alpha = file.value("adapter.lora.alpha")
    if file.value("adapter.type") != "lora" or not isinstance(alpha, float):
        raise ModelError(f"{path}: is not a LoRA adapter. `regenesis export RUN --to gguf` writes one.")
    adapter = GgufAdapter(file, alpha)
    missing = sorted(name + _UP for name in adapter.names() if name + _UP not in file.tensors)
    other = sorted(adapter.names() - set(base.tensors))
    if missing or not adapter.names():
        raise ModelError(f"{path}: lacks {missing[0] if missing else 'all matrices'}; export the adapter again.")
    if other:
        raise ModelError(
            f"{path}: changes {other[0]}, which {base.path.name} does not have: it belongs to another model."
        )
    return adapter
