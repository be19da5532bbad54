"""llama.cpp's routines for quantised types against those of the gguf package."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("gguf")

import gguf
from gguf.quants import dequantize, quantize

from regenesis.checkpoints import ggml

KINDS = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]


def values() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1, (6, 256)).astype(np.float32)


def number(kind: str) -> gguf.GGMLQuantizationType:
    return gguf.GGMLQuantizationType[kind]


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", *KINDS])
def test_what_is_written_is_equal_to_the_bit(kind: str) -> None:
    expected = quantize(values(), number(kind))
    np.testing.assert_array_equal(ggml.quantized(values(), number(kind)).view(np.uint8), expected.view(np.uint8))


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", *KINDS])
def test_what_is_read_is_equal_to_the_bit(kind: str) -> None:
    data = quantize(values(), number(kind))
    read = ggml.dequantized(data.view(np.uint8).reshape(-1), number(kind), (6, 256))
    np.testing.assert_array_equal(read, dequantize(data.view(np.uint8), number(kind)))


@pytest.mark.parametrize("kind", ["Q4_K", "Q5_K", "Q6_K"])
def test_types_that_numpy_cannot_write_are_read_alike(kind: str) -> None:
    data = ggml.quantized(values(), number(kind))
    np.testing.assert_array_equal(ggml.dequantized(data, number(kind), (6, 256)), dequantize(data, number(kind)))


def test_a_library_without_them_leaves_it_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = ggml.quantized(values(), number("Q8_0"))
    monkeypatch.setattr(ggml, "_library", lambda: None)
    slow = ggml.quantized(values(), number("Q8_0"))
    np.testing.assert_array_equal(fast, slow)
    read = ggml.dequantized(slow, number("Q8_0"), (6, 256))
    np.testing.assert_allclose(read, values(), atol=0.02)


def test_values_that_do_not_lie_one_after_the_other_are_written_as_they_are() -> None:
    turned = values().T.copy().T
    np.testing.assert_array_equal(ggml.quantized(turned, number("Q8_0")), ggml.quantized(values(), number("Q8_0")))
