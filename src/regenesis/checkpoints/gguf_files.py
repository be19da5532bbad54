"""The GGUF container: its fields and tensors read without loading them, and written without holding all of them.

    file = read_gguf(path)
    file.fields["general.architecture"].value          # "llama"
    write_gguf(target, file.fields, tensors)            # tensors are made shortly before their turn comes

Fields are kept as the bytes they are, so that a tokenizer of 150,000 tokens is copied and never taken apart. A file is
untrusted: lengths are checked against its end. The format is described at
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.checkpoints.ggml import dequantized, quantized
from regenesis.errors import ModelError
from regenesis.filesystems import replacing

if TYPE_CHECKING:
    import numpy as np

_MAGIC = b"GGUF"
_VERSION = 3
_READ_VERSIONS = (2, 3)
_ALIGNMENT = 32
_STRING, _ARRAY, _BOOL = 8, 9, 7
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_UINT32, _FLOAT32 = 4, 6
_MOST_AT_ONCE = 4
"""Tensors that are made side by side; in float32 the largest of a model may take a gigabyte."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field's value as its bytes.

    Attributes:
        kind: Number of its type in the format.
        raw: The value as it stands in the file.
    """

    kind: int
    raw: bytes

    @property
    def value(self) -> Any:
        """The value of a number or text; `None` of an array, which nobody here needs taken apart."""
        if self.kind == _STRING:
            return self.raw[8:].decode("utf-8", "replace")
        return None if self.kind == _ARRAY else struct.unpack(_SCALARS[self.kind], self.raw)[0]


def text(value: str) -> Field:
    """A field that holds a text."""
    return Field(_STRING, _packed(value))


def whole(value: int) -> Field:
    """A field that holds an unsigned whole number of 32 bits."""
    return Field(_UINT32, struct.pack("<I", value))


def real(value: float) -> Field:
    """A field that holds a number in single precision."""
    return Field(_FLOAT32, struct.pack("<f", value))


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor in a file.

    Attributes:
        shape: Rows first, as numpy and torch have it; the file itself has the fastest dimension first.
        kind: Number of its type in ggml.
        start: Where its bytes begin in the file.
        size: Bytes.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class GgufFile:
    """What a GGUF file says of itself."""

    path: Path
    fields: Mapping[str, Field]
    tensors: Mapping[str, StoredTensor]

    def value(self, name: str, default: Any = None) -> Any:
        """A field's value, where it has that field."""
        return self.fields[name].value if name in self.fields else default

    def load(self, name: str) -> np.ndarray[Any, Any]:
        """One tensor, de-quantised to float32."""
        tensor = self.tensors[name]
        return dequantized(self.stored(name), tensor.kind, tensor.shape)

    def stored(self, name: str) -> np.ndarray[Any, Any]:
        """One tensor, as the bytes that it is in the file."""
        import numpy as np

        tensor = self.tensors[name]
        return np.memmap(self.path, np.uint8, "r", tensor.start, (tensor.size,))


@dataclass(frozen=True, slots=True)
class NewTensor:
    """A tensor to be written.

    Attributes:
        shape: Rows first.
        kind: Number of its type in ggml.
        make: Gives its values, or bytes (uint8) that are of its type already; called once, when it is written.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    make: Callable[[], np.ndarray[Any, Any]]


def read_gguf(path: Path) -> GgufFile:
    """Reads what a file says of itself; of its tensors only where they are.

    Raises:
        ModelError: It is no GGUF file, is cut off, or is of a version unknown here.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data).file(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}).") from error
    except (struct.error, ValueError, KeyError, OverflowError) as error:
        raise ModelError(f"{path}: is not a complete GGUF file ({error}). Download or convert it again.") from error


def write_gguf(target: Path, fields: Mapping[str, Field], tensors: Sequence[NewTensor]) -> Path:
    """Writes a file, whole or not at all; a few tensors at a time are in memory.

    Raises:
        ModelError: It cannot be written: no room on disk, say.
    """
    with replaced(target) as partial, partial.open("wb") as out:
        out.write(_MAGIC + struct.pack("<IQQ", _VERSION, len(tensors), len(fields)))
        for name, field in fields.items():
            out.write(_packed(name) + struct.pack("<I", field.kind) + field.raw)
        start = 0
        for tensor in tensors:
            dimensions = tuple(reversed(tensor.shape))
            out.write(_packed(tensor.name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions))
            out.write(struct.pack("<IQ", tensor.kind, start))
            start += _aligned(size_of(tensor.shape, tensor.kind))
        out.write(bytes(_aligned(out.tell()) - out.tell()))
        for data in _made(tensors):
            data.tofile(out)
            out.write(bytes(_aligned(data.nbytes) - data.nbytes))
    return target


def _made(tensors: Sequence[NewTensor]) -> Iterator[np.ndarray[Any, Any]]:
    """The bytes of the tensors in their order, several made at once: numpy and ggml let other threads go on."""
    import numpy as np

    def made(tensor: NewTensor) -> np.ndarray[Any, Any]:
        data = tensor.make()
        return data if data.dtype == np.uint8 else quantized(data, tensor.kind)

    threads = min(os.cpu_count() or 1, _MOST_AT_ONCE)
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[np.ndarray[Any, Any]]] = deque()
        try:
            for tensor in tensors:
                waiting.append(pool.submit(made, tensor))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def written_size(fields: Mapping[str, Field], tensors: Sequence[NewTensor]) -> int:
    """About how many bytes a file will have: an upper bound within a few kilobytes."""
    heads = sum(len(name) + len(field.raw) + 12 for name, field in fields.items())
    return heads + sum(_aligned(size_of(one.shape, one.kind)) + len(one.name) + 64 for one in tensors)


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """A name to write under, which becomes the target when all went well and is removed when not.

    Raises:
        ModelError: It cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as partial:
            yield partial
    except OSError as error:
        raise ModelError(
            f"{target}: cannot be written ({error.strerror or error}). Check free space and permissions on that disk."
        ) from error


def size_of(shape: tuple[int, ...], kind: int) -> int:
    """Bytes that a tensor takes in a type of ggml."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    block: int
    block_bytes: int
    block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
    return prod(shape) // block * block_bytes


def _packed(value: str) -> bytes:
    encoded = value.encode("utf-8")
    return struct.pack("<Q", len(encoded)) + encoded


def _aligned(size: int, alignment: int = _ALIGNMENT) -> int:
    return -(-size // alignment) * alignment


class _Reader:
    """A position in the bytes of a file."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def file(self, path: Path) -> GgufFile:
        magic, version, tensor_count, field_count = self._bytes(4), *self._unpack("<IQQ")
        if magic != _MAGIC or version not in _READ_VERSIONS:
            raise ValueError(f"it begins with {magic!r}, version {version}")
        fields = {}
        for _ in range(field_count):
            name, kind = self._string(), self._unpack("<I")[0]
            start = self._at
            self._skip(kind)
            fields[name] = Field(kind, self._data[start : self._at])
        heads = [self._tensor() for _ in range(tensor_count)]
        alignment = fields["general.alignment"].value if "general.alignment" in fields else _ALIGNMENT
        if not isinstance(alignment, int) or alignment < 1:
            raise ValueError(f"its tensors are aligned to {alignment}")
        base, tensors = _aligned(self._at, alignment), {}
        for name, shape, kind, offset in heads:
            tensor = StoredTensor(name, shape, kind, base + offset, size_of(shape, kind))
            if tensor.start + tensor.size > len(self._data):
                raise ValueError(f"it ends before its tensor {name}")
            tensors[name] = tensor
        return GgufFile(path, fields, tensors)

    def _tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        name, count = self._string(), self._unpack("<I")[0]
        if not 1 <= count <= 4:
            raise ValueError(f"its tensor {name} has {count} dimensions")
        dimensions = self._unpack(f"<{count}Q")
        kind, offset = self._unpack("<IQ")
        return name, tuple(reversed(dimensions)), kind, offset

    def _skip(self, kind: int) -> None:
        if kind == _STRING:
            self._bytes(self._unpack("<Q")[0])
        elif kind == _ARRAY:
            inner, count = self._unpack("<IQ")
            if inner in _SCALARS:
                self._bytes(count * struct.calcsize(_SCALARS[inner]))
            elif inner == _STRING:
                for _ in range(count):
                    self._bytes(self._unpack("<Q")[0])
            else:
                raise ValueError(f"an array of type {inner}")
        else:
            self._bytes(struct.calcsize(_SCALARS[kind]))

    def _string(self) -> str:
        return self._bytes(self._unpack("<Q")[0]).decode("utf-8")

    def _unpack(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return values

    def _bytes(self, count: int) -> bytes:
        start, self._at = self._at, self._at + count
        if self._at > len(self._data):
            raise ValueError("it is truncated")
        return self._data[start : self._at]
