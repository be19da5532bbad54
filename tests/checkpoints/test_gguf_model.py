from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.checkpoints.conftest import PROMPT, Tiny
from tests.helpers.tiny_models import greedy_by_llamacpp

from regenesis.checkpoints import layouts, load_tokenizer, merge, write_gguf_model
from regenesis.checkpoints.gguf_files import read_gguf
from regenesis.errors import ModelError
from regenesis.models import Weights

pytestmark = pytest.mark.model

CLOSE: dict[str, float] = {"f32": 0, "f16": 1e-3, "bf16": 8e-3, "q8_0": 1e-2}
"""How far a value may be from what was written, against the largest of its tensor."""


@pytest.fixture(scope="session")
def merged(tiny: Callable[..., Tiny], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    def make(architecture: str, tied: bool = True) -> Path:
        made = tiny(architecture, tied)
        target = made.base.path.parent / "merged"
        return target if target.exists() else merge(made.base, made.adapter, target, "float32")

    return make


@pytest.mark.parametrize(
    ("architecture", "tied"), [("llama", True), ("llama", False), ("qwen2", False), ("qwen3", True)]
)
def test_llamacpp_says_what_the_checkpoint_says(
    architecture: str, tied: bool, tiny: Callable[..., Tiny], merged: Callable[..., Path], tmp_path: Path
) -> None:
    made = tiny(architecture, tied)
    target = write_gguf_model(merged(architecture, tied), made.base, tmp_path / "model.gguf", "f32")
    assert greedy_by_llamacpp(target, PROMPT, len(made.says_adapted)) == made.says_adapted
    assert ("output.weight" in read_gguf(target).tensors) == (not tied)


@pytest.mark.parametrize("kind", CLOSE)
def test_matrices_have_the_type_asked_for_and_vectors_stay_whole(
    kind: Any, tiny: Callable[..., Tiny], merged: Callable[..., Path], tmp_path: Path
) -> None:
    base = tiny("llama").base
    exact = read_gguf(write_gguf_model(merged("llama"), base, tmp_path / "exact.gguf", "f32"))
    file = read_gguf(write_gguf_model(merged("llama"), base, tmp_path / "model.gguf", kind))
    for name, tensor in file.tensors.items():
        assert len(tensor.shape) > 1 or tensor.kind == 0
        want = exact.load(name)
        assert np.abs(file.load(name) - want).max() <= CLOSE[kind] * np.abs(want).max()


def test_the_untouched_base_is_written_anew(tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    made = tiny("qwen2")
    target = write_gguf_model(made.base.path, made.base, tmp_path / "base.gguf", "f32")
    assert greedy_by_llamacpp(target, PROMPT, len(made.says)) == made.says


def test_the_tokenizer_and_template_go_along(
    tiny: Callable[..., Tiny], merged: Callable[..., Path], tmp_path: Path
) -> None:
    base = tiny("llama").base
    target = write_gguf_model(merged("llama"), base, tmp_path / "model.gguf", "q8_0")
    old, new = load_tokenizer(base), load_tokenizer(Weights("new", target, "gguf"))
    assert (new.chat_template, new.eos_token, new.get_vocab()) == (old.chat_template, old.eos_token, old.get_vocab())


def test_a_wrong_order_of_rows_would_be_seen(
    tiny: Callable[..., Tiny], merged: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, checkpoint = tiny("llama"), merged("llama")
    monkeypatch.setattr(layouts, "_PAIRED", set())
    target = write_gguf_model(checkpoint, made.base, tmp_path / "model.gguf", "f32")
    assert greedy_by_llamacpp(target, PROMPT, len(made.says_adapted)) != made.says_adapted


def test_a_base_that_is_no_gguf_says_what_to_do(merged: Callable[..., Path], tmp_path: Path) -> None:
    folder = merged("llama")
    with pytest.raises(ModelError, match=r"convert_hf_to_gguf\.py"):
        write_gguf_model(folder, Weights("hf:org/repo", folder, "checkpoint"), tmp_path / "model.gguf", "f32")


def test_a_checkpoint_of_another_model_is_refused(
    tiny: Callable[..., Tiny], merged: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="is not a checkpoint of that model"):
        write_gguf_model(merged("llama"), tiny("qwen2").base, tmp_path / "model.gguf", "f32")
    assert not (tmp_path / "model.gguf").exists()


def test_a_folder_without_weights_is_refused(tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({}))
    with pytest.raises(ModelError, match=r"contains no \.safetensors"):
        write_gguf_model(tmp_path, tiny("llama").base, tmp_path / "model.gguf", "f32")
