"""What a config can say about training."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from regenesis.section import A_PATH, A_PROGRAM, Section


class LoraConfig(Section):
    """Low-rank adaptation: small matrices beside the frozen weights."""

    rank: int = Field(default=16, ge=1)
    """Rank of the update."""
    alpha: int = Field(default=32, ge=1)
    """Scale of the update, divided by the rank."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the adapter's inputs that are dropped while training."""
    target_modules: str | list[str] = "all-linear"
    """Names of the layers that get an adapter; `all-linear` takes every linear layer but the output's."""


class TrainingConfig(Section):
    """Supervised fine-tuning on the kept paths; the loss counts the completion alone."""

    method: Literal["lora", "full"] = "lora"
    """Train an adapter, or all weights."""
    model: str | None = None
    """What to train: a checkpoint's folder, `hf:<org>/<repo>`, or a GGUF model, which is de-quantised. The engine's
    own model if left out; with an `openai` engine it must be said."""
    lora: LoraConfig = LoraConfig()
    """The adapter, for `method: lora`."""
    learning_rate: float | None = Field(default=None, gt=0)
    """Peak of the schedule; if left out 1e-4 for an adapter and 1e-5 for all weights."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls after the warm-up."""
    warmup_ratio: float = Field(default=0.03, ge=0, lt=1)
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Decoupled weight decay."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Gradients are scaled down to this norm."""
    epochs: float = Field(default=3.0, gt=0)
    """Passes over the data."""
    max_steps: int | None = Field(default=None, ge=1)
    """Stop after so many optimiser steps, whatever `epochs` says."""
    batch_size: int = Field(default=16, ge=1)
    """Examples an optimiser step, over all devices together."""
    device_batch_size: int = Field(default=2, ge=1)
    """Examples at once on one device; gradients are summed up to `batch_size`."""
    max_length: int | None = Field(default=None, ge=16)
    """Most tokens of a row, prompt and completion; the longest row of the data if left out."""
    too_long: Literal["drop", "truncate", "error"] = "drop"
    """Rows longer than `max_length` or the model's context: leave out, cut, or stop. All are counted and reported."""
    end_of_turn: str | None = None
    """The token that ends a reply, such as `<|im_end|>`, where the chat template writes none behind it. If left out,
    the first token there that an engine stops at."""
    packing: bool = False
    """Put several short rows into one sequence."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """`auto` computes in bf16 where the hardware does."""
    gradient_checkpointing: bool = False
    """Compute activations twice to save memory."""
    save_steps: int | None = Field(default=None, ge=1)
    """Optimiser steps between two checkpoints; once an epoch if left out."""
    keep_checkpoints: int = Field(default=2, ge=1)
    """Latest checkpoints that are kept while training; when it is done they are removed."""
    launcher: str | None = Field(default=None, json_schema_extra=A_PATH)
    """For several GPUs or nodes: a launch config that comes with the package (`regenesis train --list-launchers`) or
    the path of one for `accelerate launch`."""
    python: Path | None = Field(default=None, json_schema_extra=A_PROGRAM)
    """Python of another environment to train in; this one's if left out."""

    @property
    def peak_learning_rate(self) -> float:
        """The learning rate, by method where none is set."""
        return self.learning_rate or (1e-4 if self.method == "lora" else 1e-5)
