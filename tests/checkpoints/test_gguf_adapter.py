from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.checkpoints.conftest import COUNT, PROMPT, Tiny
from tests.helpers.tiny_models import WIDTH, greedy_by_llamacpp, greedy_by_transformers, save_random_adapter

from regenesis.checkpoints import layouts, load_model, write_gguf_adapter
from regenesis.checkpoints.gguf_files import read_gguf
from regenesis.errors import ModelError
from regenesis.models import Weights

pytestmark = pytest.mark.model

PLAIN: dict[str, Any] = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "bias": "none", "target_modules": ["q_proj"]}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another kind": ({"peft_type": "IA3"}, "not the config of a LoRA adapter"),
    "DoRA": ({"use_dora": True}, "DoRA"),
    "whole layers": ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
    "tokens": ({"trainable_token_indices": [1]}, "trainable_token_indices"),
    "biases": ({"bias": "all"}, "bias: all"),
    "a changed base": ({"init_lora_weights": "pissa_niter_4"}, "pissa_niter_4"),
    "repeated layers": ({"layer_replication": [[0, 2]]}, "repeated layers"),
}

Q = "base_model.model.model.layers.0.self_attn.q_proj"
WRONG: dict[str, tuple[dict[str, tuple[int, ...]], str]] = {
    "nothing": ({}, "contains no weights"),
    "half a pair": ({f"{Q}.lora_A.weight": (2, WIDTH)}, "not .*lora_B"),
    "two ranks": ({f"{Q}.lora_A.weight": (2, WIDTH), f"{Q}.lora_B.weight": (WIDTH, 3)}, "rank 2, and .* rank 3"),
    "another model's": ({f"{Q}.lora_A.weight": (2, 8), f"{Q}.lora_B.weight": (8, 2)}, "belongs to another model"),
    "no matrices": ({f"{Q}.lora_A.weight": (2,), f"{Q}.lora_B.weight": (2,)}, "cannot be read"),
    "rank 0": ({f"{Q}.lora_A.weight": (0, WIDTH), f"{Q}.lora_B.weight": (WIDTH, 0)}, "cannot be read"),
    "a layer too many": (
        {
            f"{Q.replace('.0.', '.9.')}.lora_A.weight": (2, WIDTH),
            f"{Q.replace('.0.', '.9.')}.lora_B.weight": (WIDTH, 2),
        },
        "does not have",
    ),
    "embeddings": ({"base_model.model.model.embed_tokens.lora_embedding_A": (2, 5)}, "lora_embedding_A"),
    "DoRA's magnitudes": (
        {
            f"{Q}.lora_A.weight": (2, WIDTH),
            f"{Q}.lora_B.weight": (WIDTH, 2),
            f"{Q}.lora_magnitude_vector": (WIDTH,),
        },
        "lora_magnitude_vector",
    ),
    "a tied output": (
        {"base_model.model.lm_head.lora_A.weight": (2, WIDTH), "base_model.model.lm_head.lora_B.weight": (49152, 2)},
        "not a separate tensor",
    ),
}


def write_adapter(folder: Path, config: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> Path:
    from safetensors.numpy import save_file

    folder.mkdir(exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps(PLAIN | config))
    save_file(
        {name: np.ones(shape, np.float32) for name, shape in shapes.items()}, folder / "adapter_model.safetensors"
    )
    return folder


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3"])
def test_llamacpp_says_with_the_adapter_what_transformers_says(
    architecture: str, tiny: Callable[..., Tiny], tmp_path: Path
) -> None:
    made = tiny(architecture)
    target = write_gguf_adapter(made.adapter, made.base, tmp_path / "adapter.gguf")
    assert made.says != made.says_adapted
    assert greedy_by_llamacpp(made.base.path, PROMPT, len(made.says)) == made.says
    assert greedy_by_llamacpp(made.base.path, PROMPT, len(made.says_adapted), target) == made.says_adapted


def test_rows_in_the_wrong_order_would_be_seen(
    tiny: Callable[..., Tiny], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tiny("llama")
    monkeypatch.setattr(layouts, "_PAIRED", set())
    target = write_gguf_adapter(made.adapter, made.base, tmp_path / "adapter.gguf")
    assert greedy_by_llamacpp(made.base.path, PROMPT, len(made.says_adapted), target) != made.says_adapted


def test_ranks_scales_and_the_output_of_their_own(tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    base = tiny("llama", tied=False).base
    adapted = save_random_adapter(
        load_model(base, "float32"),
        tmp_path / "adapter",
        use_rslora=True,
        rank_pattern={"q_proj": 2, "layers.1.mlp.up_proj": 8},
        alpha_pattern={"down_proj": 3},
        target_modules=["q_proj", "k_proj", "up_proj", "down_proj", "lm_head"],
    )
    target = write_gguf_adapter(tmp_path / "adapter", base, tmp_path / "adapter.gguf")
    says = greedy_by_transformers(adapted, PROMPT, COUNT)
    assert greedy_by_llamacpp(base.path, PROMPT, len(says), target) == says


def test_half_precision_takes_half_the_room(tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    made = tiny("qwen2")
    files = [read_gguf(write_gguf_adapter(made.adapter, made.base, tmp_path / kind, kind)) for kind in ("f32", "f16")]
    f32, f16 = (sum(tensor.size for tensor in file.tensors.values()) for file in files)
    assert f16 * 2 == f32


@pytest.mark.parametrize("case", REFUSED)
def test_what_llamacpp_has_no_place_for_is_named(case: str, tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    options, words = REFUSED[case]
    with pytest.raises(ModelError, match=words):
        write_gguf_adapter(write_adapter(tmp_path / "a", options, {}), tiny("llama").base, tmp_path / "adapter.gguf")


@pytest.mark.parametrize("case", WRONG)
def test_an_adapter_that_does_not_fit_is_refused(case: str, tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    shapes, words = WRONG[case]
    with pytest.raises(ModelError, match=words):
        write_gguf_adapter(write_adapter(tmp_path / "a", {}, shapes), tiny("llama").base, tmp_path / "adapter.gguf")
    assert not (tmp_path / "adapter.gguf").exists()


def test_a_folder_that_is_no_adapter_is_refused(tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a PEFT adapter"):
        write_gguf_adapter(tmp_path, tiny("llama").base, tmp_path / "adapter.gguf")


def test_a_file_that_is_no_safetensors_is_refused(tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "a", {}, {})
    (folder / "adapter_model.safetensors").write_bytes(b"not this")
    with pytest.raises(ModelError, match="cannot be read"):
        write_gguf_adapter(folder, tiny("llama").base, tmp_path / "adapter.gguf")


def test_a_base_as_a_checkpoint_gives_the_same_file(tiny: Callable[..., Tiny], tmp_path: Path) -> None:
    made = tiny("llama")
    load_model(made.base, "float32").save_pretrained(tmp_path / "base")
    checkpoint = Weights("mine", tmp_path / "base", "checkpoint")
    files = [
        write_gguf_adapter(made.adapter, base, tmp_path / f"{base.form}.gguf").read_bytes()
        for base in (made.base, checkpoint)
    ]
    assert files[0] == files[1]
