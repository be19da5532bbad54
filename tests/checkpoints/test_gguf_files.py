from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regenesis.checkpoints.gguf_files import Field, NewTensor, read_gguf, real, text, whole, write_gguf
from regenesis.errors import ModelError

values = st.one_of(st.text(max_size=20), st.integers(0, 2**32 - 1), st.floats(width=32, allow_nan=False))
names = st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=8)
shapes = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)
here = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def field(value: Any) -> Field:
    return {str: text, int: whole, float: real}[type(value)](value)


def tensor(name: str, shape: tuple[int, ...], kind: int = 0) -> NewTensor:
    data = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    return NewTensor(name, shape, kind, lambda: data)


@here
@given(fields=st.dictionaries(names, values), tensors=st.dictionaries(names, shapes, min_size=1))
def test_what_is_written_is_read_back(
    fields: dict[str, Any], tensors: dict[str, tuple[int, ...]], tmp_path: Path
) -> None:
    written = [tensor(name, shape) for name, shape in tensors.items()]
    file = read_gguf(write_gguf(tmp_path / "x.gguf", {name: field(value) for name, value in fields.items()}, written))
    assert {name: one.value for name, one in file.fields.items()} == fields
    for one in written:
        np.testing.assert_array_equal(file.load(one.name), one.make())


@here
@given(data=st.data())
def test_a_damaged_file_is_a_model_error_and_nothing_else(data: st.DataObject, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "x.gguf", {"a": text("b"), "c": whole(1)}, [tensor("t", (3, 32), 8)])
    content = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[position:]
    else:
        content[position] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        read_gguf(path)
    except ModelError:
        return


@pytest.mark.parametrize("cut", [0, 3, 20, 40, -1])
def test_a_cut_off_file_is_refused(cut: int, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "x.gguf", {"a": text("b")}, [tensor("t", (3, 32))])
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelError, match=r"x\.gguf"):
        read_gguf(path)


@pytest.mark.parametrize("alignment", [whole(0), text("wide"), real(0.5)])
def test_an_alignment_that_is_none_is_refused(alignment: Field, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "x.gguf", {"general.alignment": alignment}, [tensor("t", (3, 32))])
    with pytest.raises(ModelError, match="aligned to"):
        read_gguf(path)


@pytest.mark.parametrize("shape", [(), (1, 1, 1, 1, 1)])
def test_a_tensor_of_no_dimensions_or_too_many_is_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"{len(shape)} dimensions"):
        read_gguf(write_gguf(tmp_path / "x.gguf", {}, [tensor("t", shape)]))


def test_other_readers_read_it(tmp_path: Path) -> None:
    from gguf import GGUFReader

    path = write_gguf(tmp_path / "x.gguf", {"a": text("b"), "c": real(0.5)}, [tensor("t", (3, 32)), tensor("u", (7,))])
    read = GGUFReader(path)
    assert read.fields["a"].contents() == "b"
    assert [(one.name, one.data.shape) for one in read.tensors] == [("t", (3, 32)), ("u", (7,))]


def test_a_tensor_that_cannot_be_made_leaves_no_file(tmp_path: Path) -> None:
    def fail() -> Any:
        raise OSError(28, "No space left on device")

    with pytest.raises(ModelError, match="No space left on device"):
        write_gguf(tmp_path / "x.gguf", {}, [NewTensor("t", (2,), 0, fail)])
    assert list(tmp_path.iterdir()) == []
