"""An adapter as GGUF merged into the weights of its base."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("gguf")

from tests.helpers.tiny_models import WIDTH, write_tiny_gguf

from regenesis.checkpoints.gguf_files import NewTensor, read_gguf, real, text, write_gguf
from regenesis.checkpoints.gguf_merging import read_gguf_adapter
from regenesis.errors import ModelError

pytestmark = pytest.mark.model

WEIGHT = "blk.0.attn_output.weight"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("models") / "tiny.gguf", "qwen2")


def write(
    path: Path, *, weight: str = WEIGHT, width: int = WIDTH, kind: str = "lora", parts: tuple[str, ...] = ("a", "b")
) -> Path:
    shapes = {"a": (4, width), "b": (WIDTH, 4)}
    tensors = [
        NewTensor(f"{weight}.lora_{part}", shapes[part], 0, lambda part=part: np.full(shapes[part], 0.5, np.float32))
        for part in parts
    ]
    fields = {"general.type": text("adapter"), "adapter.type": text(kind), "adapter.lora.alpha": real(8.0)}
    return write_gguf(path, fields, tensors)


def test_a_weight_gets_its_change_and_the_others_stay(base: Path, tmp_path: Path) -> None:
    file = read_gguf(base)
    adapter = read_gguf_adapter(write(tmp_path / "tuned.gguf"), file)
    values = file.load(WEIGHT)
    # alpha / rank = 2, and every entry of B·A is 4 · 0.5 · 0.5
    np.testing.assert_allclose(adapter.merged(WEIGHT, values), values + 2.0, rtol=1e-6)
    assert adapter.merged("blk.1.attn_output.weight", values) is values


@pytest.mark.parametrize(
    ("unfit", "said"),
    [
        ({"weight": "blk.77.attn_q.weight"}, r"changes blk\.77\.attn_q\.weight, which tiny\.gguf does not have"),
        ({"kind": "other"}, "not a LoRA adapter"),
        ({"parts": ("a",)}, r"lacks blk\.0\.attn_output\.weight\.lora_b"),
        ({"parts": ()}, "lacks all matrices"),
    ],
)
def test_what_does_not_fit_is_refused_and_named(
    base: Path, tmp_path: Path, unfit: dict[str, object], said: str
) -> None:
    path = write(tmp_path / "tuned.gguf", **unfit)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=said):
        read_gguf_adapter(path, read_gguf(base))


def test_another_width_is_refused_and_both_are_named(base: Path, tmp_path: Path) -> None:
    file = read_gguf(base)
    adapter = read_gguf_adapter(write(tmp_path / "tuned.gguf", width=32), file)
    with pytest.raises(ModelError, match=r"64×32.*64×64.*another model"):
        adapter.merged(WEIGHT, file.load(WEIGHT))
