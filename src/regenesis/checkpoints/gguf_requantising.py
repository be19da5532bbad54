"""A GGUF model → the same model with its matrices in another type of ggml, whatever its architecture.

    file = read_gguf(path)
    if not is_q4_0(file):
        write_q4_0(file, target)

`llama_model_quantize`, which llama.cpp's own program calls for this, is not in the wheel; what it calls for each tensor
is (see `ggml`). A file is requantised by what it says itself, so that no layout has to be known: what its maker has
left in full precision, such as norms and routers, stays so.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from regenesis.checkpoints.gguf_files import (
    GgufFile,
    NewTensor,
    StoredTensor,
    whole,
    write_gguf,
    written_size,
)

_F32, _F16, _BF16, _Q4_0, _Q8_0 = 0, 1, 30, 2, 8
_WIDE = (_F32, _F16, _BF16)
"""Types that are not quantised."""

_MOSTLY_Q4_0 = 2
"""What such a file says of itself in `general.file_type`."""

_BLOCK = 32
"""Values that Q4_0 and Q8_0 scale together; a row that is no multiple of it stays as it is."""

_PRECISE = ("token_embd.weight", "output.weight")
"""Keep their type, or get Q8_0 where that is not quantised: the one is only looked up, so that fewer bits gain no time,
and the other decides between tokens, for which llama.cpp gives it more bits too. Where a file has the first alone it is
both."""

_NEVER = ("_norm.", "ffn_gate_inp.")
"""Matrices in files of float32 alone that are no weights to be rounded: norms by head, and routers."""


def is_q4_0(file: GgufFile) -> bool:
    """Whether a file is mostly Q4_0 already."""
    return bool(file.value("general.file_type") == _MOSTLY_Q4_0) or all(
        _kind(file, tensor) == tensor.kind for tensor in file.tensors.values()
    )


def q4_0_size(file: GgufFile) -> int:
    """About how many bytes a file takes as Q4_0."""
    return written_size(file.fields, _tensors(file))


def write_q4_0(file: GgufFile, target: Path) -> Path:
    """Writes a model anew with its matrices as Q4_0.

    Args:
        file: The model, of whatever types.
        target: The file to write; whole or not at all.

    Returns:
        The target.

    Raises:
        ModelError: It cannot be written.
    """
    fields = {name: field for name, field in file.fields.items() if not name.startswith("quantize.")}
    fields.pop("general.alignment", None)  # what is written here is aligned as the format has it by default
    return write_gguf(target, fields | {"general.file_type": whole(_MOSTLY_Q4_0)}, _tensors(file))


def _tensors(file: GgufFile) -> list[NewTensor]:
    tensors = []
    for name, tensor in file.tensors.items():
        kind = _kind(file, tensor)
        # what keeps its type keeps its bytes: rounding twice is not the same as rounding once
        make = partial(file.stored if kind == tensor.kind else file.load, name)
        tensors.append(NewTensor(name, tensor.shape, kind, make))
    return tensors


def _kind(file: GgufFile, tensor: StoredTensor) -> int:
    """The type that a tensor gets."""
    if len(tensor.shape) < 2 or tensor.shape[-1] % _BLOCK or not tensor.name.endswith(".weight"):
        return tensor.kind
    if tensor.kind == _F32 and not _is_weight_of_float32(file, tensor.name):
        return _F32
    if tensor.name in _PRECISE:
        return _Q8_0 if tensor.kind in _WIDE else tensor.kind
    return _Q4_0


def _is_weight_of_float32(file: GgufFile, name: str) -> bool:
    """Whether a matrix in float32 is one to be rounded: only where the whole file is in float32."""
    return file.value("general.file_type") == 0 and not any(part in name for part in _NEVER)
