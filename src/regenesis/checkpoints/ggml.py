"""ggml's own routines for quantised types, where the installed llama.cpp can be asked for them.

The `gguf` package has the same in numpy, equal to the bit and three to ten times slower: 15 seconds in place of 4 for a
model of half a billion weights. What llama.cpp's wheel does not offer by name is left to it.
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.openmp import wait_without_spinning

if TYPE_CHECKING:
    import numpy as np

_PLAIN = {0: "float32", 1: "float16"}
"""Types that numpy knows, by their numbers."""


def dequantized(data: np.ndarray[Any, Any], kind: int, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The float32 values of a tensor.

    Args:
        data: Its bytes.
        kind: Number of its type in ggml.
        shape: Rows first.
    """
    import numpy as np
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize, quant_shape_to_byte_shape

    values: np.ndarray[Any, Any]
    if kind in _PLAIN:
        values = data.view(_PLAIN[kind]).reshape(shape).astype(np.float32)
        return values
    named = GGMLQuantizationType(kind)
    # `Q4_K` is `dequantize_row_q4_K` there
    routine = _routine(f"dequantize_row_{named.name.lower().replace('_k', '_K')}")
    if routine is None:
        values = dequantize(data.reshape(quant_shape_to_byte_shape(shape, named)), named)
        return values
    values, source = np.empty(shape, np.float32), np.ascontiguousarray(data)
    routine.argtypes, routine.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64], None
    routine(source.ctypes.data, values.ctypes.data, values.size)
    return values


def quantized(values: np.ndarray[Any, Any], kind: int) -> np.ndarray[Any, Any]:
    """The bytes of a tensor in a type of ggml.

    Args:
        values: In float32, rows first.
        kind: Number of the type in ggml.
    """
    import numpy as np
    from gguf import GGMLQuantizationType
    from gguf.quants import quant_shape_to_byte_shape, quantize

    named = GGMLQuantizationType(kind)
    routine = None if kind in _PLAIN else _routine("ggml_quantize_chunk")
    if routine is None:
        data: np.ndarray[Any, Any] = quantize(values, named)
        return data
    source = np.ascontiguousarray(values, np.float32)
    data = np.empty(quant_shape_to_byte_shape(values.shape, named), np.uint8)
    address, count = ctypes.c_void_p, ctypes.c_int64
    routine.argtypes, routine.restype = [ctypes.c_int, address, address, count, count, count, address], ctypes.c_size_t
    written = routine(kind, source.ctypes.data, data.ctypes.data, 0, prod(values.shape[:-1]), values.shape[-1], None)
    if written != data.nbytes:
        raise ValueError(f"{written} bytes of {named.name} in place of {data.nbytes}")
    return data


def _routine(name: str) -> Any:
    """A function of llama.cpp's library, `None` where it does not offer one of that name."""
    return getattr(_library(), name, None)


@cache
def _library() -> ctypes.CDLL | None:
    wait_without_spinning()  # this loads llama.cpp, which an engine may compute with later
    found = find_spec("xllamacpp")
    folders = found.submodule_search_locations if found is not None else None
    for folder in folders or ():
        for path in sorted(Path(folder).glob("xllamacpp.*")):
            if path.suffix in {".so", ".pyd"}:
                try:
                    return ctypes.CDLL(str(path))
                except OSError:
                    return None
    return None
