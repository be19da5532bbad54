"""A GGUF file written anew as Q4_0: which tensors are rounded, and which keep their bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regenesis.checkpoints.ggml import quantized
from regenesis.checkpoints.gguf_files import GgufFile, NewTensor, StoredTensor, read_gguf, text, whole, write_gguf
from regenesis.checkpoints.gguf_requantising import is_q4_0, q4_0_size, write_q4_0

F32, F16, Q4_0, Q5_0, Q8_0, BF16 = 0, 1, 2, 6, 8, 30


def tensor(name: str, kind: int, shape: tuple[int, ...] = (4, 64)) -> NewTensor:
    values = np.random.default_rng(len(name)).normal(0, 1, shape).astype(np.float32)
    return NewTensor(name, shape, kind, lambda: values)


def model(folder: Path, *tensors: NewTensor, file_type: int = 8) -> GgufFile:
    fields = {
        "general.architecture": text("of nobody"),
        "general.file_type": whole(file_type),
        "quantize.imatrix.file": text("x"),
        "tokenizer.chat_template": text("{{ messages }}"),
    }
    return read_gguf(write_gguf(folder / "model.gguf", fields, tensors))


def rewritten(file: GgufFile) -> GgufFile:
    return read_gguf(write_q4_0(file, file.path.with_name("copy.gguf")))


def bytes_of(file: GgufFile, name: str) -> bytes:
    return file.stored(name).tobytes()


@pytest.mark.parametrize("kind", [F16, BF16, Q5_0, Q8_0])
def test_a_matrix_is_rounded_from_its_values(kind: int, tmp_path: Path) -> None:
    file = model(tmp_path, tensor("blk.0.ffn_up.weight", kind))
    copy = rewritten(file)
    assert copy.tensors["blk.0.ffn_up.weight"].kind == Q4_0
    values = file.load("blk.0.ffn_up.weight")
    assert bytes_of(copy, "blk.0.ffn_up.weight") == quantized(values, Q4_0).tobytes()


def test_matrices_of_experts_are_rounded_as_they_lie(tmp_path: Path) -> None:
    file = model(tmp_path, tensor("blk.0.ffn_up_exps.weight", F16, (3, 4, 64)))
    copy = rewritten(file)
    assert copy.tensors["blk.0.ffn_up_exps.weight"] == StoredTensor(
        "blk.0.ffn_up_exps.weight", (3, 4, 64), Q4_0, copy.tensors["blk.0.ffn_up_exps.weight"].start, 3 * 4 * 2 * 18
    )
    assert np.abs(copy.load("blk.0.ffn_up_exps.weight") - file.load("blk.0.ffn_up_exps.weight")).max() < 0.5


@pytest.mark.parametrize(
    ("name", "kind", "shape"),
    [
        ("output.weight", Q8_0, (4, 64)),
        ("token_embd.weight", Q5_0, (4, 64)),
        ("blk.0.attn_norm.weight", F32, (64,)),
        ("blk.0.ffn_gate_inp.weight", F32, (4, 64)),
        ("blk.0.attn_q.bias", F32, (64,)),
        ("blk.0.ssm_conv1d.weight", F16, (64, 4)),
        ("blk.0.attn_k.scale", F16, (4, 64)),
        ("blk.0.ffn_down.weight", Q4_0, (4, 64)),
    ],
)
def test_what_is_no_matrix_to_be_rounded_keeps_its_bytes(
    name: str, kind: int, shape: tuple[int, ...], tmp_path: Path
) -> None:
    file = model(tmp_path, tensor(name, kind, shape), tensor("blk.0.ffn_up.weight", Q5_0))
    copy = rewritten(file)
    assert copy.tensors[name].kind == kind
    assert bytes_of(copy, name) == bytes_of(file, name)


@pytest.mark.parametrize("name", ["output.weight", "token_embd.weight"])
def test_the_matrices_of_tokens_get_eight_bits_where_they_are_not_quantised(name: str, tmp_path: Path) -> None:
    assert rewritten(model(tmp_path, tensor(name, F16))).tensors[name].kind == Q8_0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("blk.0.ffn_up.weight", Q4_0),
        ("output.weight", Q8_0),
        ("blk.0.attn_q_norm.weight", F32),
        ("blk.0.ffn_gate_inp.weight", F32),
    ],
)
def test_in_a_file_of_float32_the_name_says_what_is_a_weight(name: str, kind: int, tmp_path: Path) -> None:
    assert rewritten(model(tmp_path, tensor(name, F32), file_type=0)).tensors[name].kind == kind


def test_the_copy_says_what_it_is_and_all_else_that_the_file_said(tmp_path: Path) -> None:
    file = model(tmp_path, tensor("blk.0.ffn_up.weight", Q5_0))
    fields = rewritten(file).fields
    assert fields["general.file_type"].value == 2
    assert "quantize.imatrix.file" not in fields
    assert fields["tokenizer.chat_template"] == file.fields["tokenizer.chat_template"]


@pytest.mark.parametrize(
    ("tensors", "file_type", "already"),
    [
        ([("blk.0.ffn_up.weight", Q4_0), ("blk.0.ffn_down.weight", 3)], 2, True),  # a few of more bits, by its maker
        ([("blk.0.ffn_up.weight", Q4_0), ("output.weight", Q8_0)], 7, True),
        ([("blk.0.ffn_up.weight", Q4_0), ("blk.0.ffn_down.weight", Q5_0)], 8, False),
    ],
)
def test_a_file_of_the_type_is_known_by_what_it_says_or_holds(
    tensors: list[tuple[str, int]], file_type: int, already: bool, tmp_path: Path
) -> None:
    made = [tensor(name, kind) for name, kind in tensors]
    assert is_q4_0(model(tmp_path, *made, file_type=file_type)) == already


def test_the_size_is_known_before(tmp_path: Path) -> None:
    file = model(tmp_path, tensor("blk.0.ffn_up.weight", Q5_0, (512, 64)), tensor("output.weight", Q8_0, (512, 64)))
    written = rewritten(file).path.stat().st_size
    assert written <= q4_0_size(file) < written + 4096
