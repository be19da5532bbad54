from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.checkpoints.layouts import Layout, read_layout
from regenesis.errors import ModelError
from regenesis.models import Weights


@given(
    architecture=st.sampled_from(["llama", "qwen2", "qwen3"]),
    name=st.sampled_from(["blk.0.attn_q.weight", "blk.1.attn_k.bias", "blk.0.attn_q", "blk.0.ffn_up.weight"]),
    half=st.integers(1, 4),
    columns=st.integers(1, 3),
)
def test_restoring_undoes_arranging(architecture: str, name: str, half: int, columns: int) -> None:
    layout = Layout(architecture, blocks=2, heads=4, key_heads=2, shapes={})
    rows = np.arange(8 * half * columns).reshape(8 * half, columns)
    np.testing.assert_array_equal(layout.restore(name, layout.arrange(name, rows)), rows)


def test_llama_has_the_halves_of_a_head_in_turn() -> None:
    layout = Layout("llama", blocks=1, heads=2, key_heads=1, shapes={})
    assert layout.arrange("blk.0.attn_q.weight", np.arange(8)).tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
    assert layout.arrange("blk.0.attn_k.weight", np.arange(8)).tolist() == [0, 4, 1, 5, 2, 6, 3, 7]
    assert layout.arrange("blk.0.attn_v.weight", np.arange(8)).tolist() == list(range(8))


def test_qwen_has_the_rows_as_they_are() -> None:
    layout = Layout("qwen2", blocks=1, heads=2, key_heads=1, shapes={})
    assert layout.arrange("blk.0.attn_q.weight", np.arange(8)).tolist() == list(range(8))


def test_a_checkpoints_config_says_the_same(tmp_path: Path) -> None:
    config = {"model_type": "mistral", "num_hidden_layers": 3, "num_attention_heads": 8, "num_key_value_heads": 2}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert read_layout(Weights("mine", tmp_path, "checkpoint")) == Layout("llama", 3, 8, 2, {})


@pytest.mark.parametrize(
    ("config", "words"),
    [({"model_type": "mamba", "num_hidden_layers": 1, "num_attention_heads": 1}, "mamba"), ([], "is not the config")],
)
def test_an_unknown_architecture_is_refused_by_name(config: object, words: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=words):
        read_layout(Weights("mine", tmp_path, "checkpoint"))
