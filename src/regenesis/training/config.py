"""What a config can say about training: TRL's and peft's own names wherever they have one for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from regenesis.secrets import misplaced, misplaced_in_body
from regenesis.section import A_PATH, A_PROGRAM, Section, formerly, reaching
from regenesis.training.trl_arguments import refusal


class LoraConfig(Section):
    """Low-rank adaptation: small matrices beside the frozen weights; the names are those of peft's `LoraConfig`."""

    r: int = Field(default=16, ge=1, json_schema_extra=formerly("rank"))
    """Rank of the update."""
    lora_alpha: int = Field(default=32, ge=1, json_schema_extra=formerly("alpha"))
    """Scale of the update, divided by the rank."""
    lora_dropout: float = Field(default=0.0, ge=0, lt=1, json_schema_extra=formerly("dropout"))
    """Share of the adapter's inputs that are dropped while training."""
    target_modules: str | list[str] = "all-linear"
    """Names of the layers that get an adapter; `all-linear` takes every linear layer but the output's."""


def _as_list(value: Any) -> Any:
    if value is None or value == "none":
        return []
    return [value] if isinstance(value, str) else value


class TrainingConfig(Section):
    """Training on the kept paths. Fields that TRL's `SFTConfig` has too are called as there, and mean the same."""

    objective: Literal["sft"] = "sft"
    """What is learned: `sft` is supervised fine-tuning, where the loss counts the completion alone."""
    tuning: Literal["lora", "full"] = Field(default="lora", json_schema_extra=formerly("method"))
    """Train an adapter, or all weights."""
    model: str | None = None
    """What to train: a checkpoint's folder, `hf:<org>/<repo>`, or a GGUF model, which is de-quantised. The engine's
    own model if left out; with an `openai` engine it must be said."""
    lora: LoraConfig = LoraConfig()
    """The adapter, for `tuning: lora`."""
    num_train_epochs: float = Field(default=3.0, gt=0, json_schema_extra=formerly("epochs"))
    """Passes over the data."""
    max_steps: int | None = Field(default=None, ge=1)
    """Stop after so many optimizer steps, whatever `num_train_epochs` says."""
    batch_size: int = Field(default=16, ge=1)
    """Examples per optimizer step, over all devices together. TRL's `gradient_accumulation_steps` follows from it: this
    number divided by the devices and by `per_device_train_batch_size`."""
    per_device_train_batch_size: int = Field(default=2, ge=1, json_schema_extra=formerly("device_batch_size"))
    """Most examples at once on one device; gradients are accumulated up to `batch_size`."""
    learning_rate: float | None = Field(default=None, gt=0)
    """Peak of the schedule; if left out 1e-4 for an adapter and 1e-5 for all weights."""
    lr_scheduler_type: Literal[
        "linear",
        "cosine",
        "cosine_with_restarts",
        "cosine_with_min_lr",
        "polynomial",
        "inverse_sqrt",
        "constant",
        "constant_with_warmup",
        "warmup_stable_decay",
    ] = Field(default="cosine", json_schema_extra=formerly("schedule", constant="constant_with_warmup"))
    """How the learning rate changes over the steps; `constant` has no warm-up. `trl: {lr_scheduler_kwargs: …}` has the
    settings of those that take some."""
    warmup_ratio: float = Field(default=0.03, ge=0, lt=1)
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Decoupled weight decay."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Gradients are clipped to this norm."""
    max_length: int | None = Field(default=None, ge=16)
    """Most tokens of a row, prompt and completion; the longest row of the data if left out."""
    too_long: Literal["drop", "truncate", "error"] = "drop"
    """Rows longer than `max_length` or the model's context: leave out, truncate, or stop. All are counted and
    reported."""
    end_of_turn: str | None = None
    """The token that ends a reply, such as `<|im_end|>`, where the chat template writes none behind it. If left out,
    the first token there that an engine stops at."""
    packing: bool = False
    """Put several short rows into one sequence."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """What is computed in; `auto` takes bf16 where the hardware computes in it. What is trained stays in float32."""
    gradient_checkpointing: bool = False
    """Compute activations twice to save memory."""
    save_steps: int | None = Field(default=None, ge=1)
    """Optimizer steps between two checkpoints; once per epoch if left out."""
    save_total_limit: int = Field(default=2, ge=1, json_schema_extra=formerly("keep_checkpoints"))
    """Latest checkpoints that are kept while training; when it is done they are removed."""
    report_to: Annotated[list[Literal["trackio", "wandb", "tensorboard", "mlflow"]], BeforeValidator(_as_list)] = Field(
        default_factory=list, json_schema_extra=reaching("reports the training's figures to {}")
    )
    """Experiment trackers that are sent the figures of every step, one or several; each is a package of its own.
    TensorBoard's files are in the run's folder, under `training/tensorboard`."""
    trl: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of TRL's `SFTConfig`, passed on as they are (`{optim: adafactor, neftune_noise_alpha: 5}`).
    Those that have a field here or that a resumable training cannot do without are refused, each with the reason."""
    launcher: str | None = Field(default=None, json_schema_extra=A_PATH | reaching("starts training as {} says"))
    """For several GPUs or nodes: a launch config that comes with the package (`regenesis train --list-launchers`), the
    path of one for `accelerate launch`, or `ray`."""
    python: Path | None = Field(default=None, json_schema_extra=A_PROGRAM | reaching("starts the program {}"))
    """Python of another environment to train in; this one's if left out."""

    @property
    def peak_learning_rate(self) -> float:
        """The learning rate, by tuning where none is set."""
        return self.learning_rate or (1e-4 if self.tuning == "lora" else 1e-5)

    @classmethod
    def about_unknown(cls, name: str) -> str:
        return refusal(name) or "other arguments of TRL's SFTConfig are set under `training.trl`"

    @field_validator("trl")
    @classmethod
    def _arguments_that_trl_may_have(cls, value: dict[str, Any]) -> dict[str, Any]:
        refused = [f"{name}: {reason}" for name in value if (reason := refusal(name))]
        if refused:
            raise misplaced("; ".join(refused))  # without the values, since one of them is a token
        if misplaced_in_body(value):
            raise misplaced("holds a key, which would end up in files; trackers read theirs from the environment")
        return value
