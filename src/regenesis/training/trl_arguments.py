"""Which arguments of TRL's `SFTConfig` the config's `training.trl` may hand through, and why not the others.

    refusal("eval_strategy")     # no data is held out of training; `regenesis evaluate` measures the tuned model
    fault_in({"optim": "adafactor"})     # None: TRL takes it

A refused argument either has its own field, or would undo what a training here relies on: rows that are exactly what an
engine sends, one order of rows on any number of devices, a line of history per step, checkpoints that can be resumed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from regenesis.errors import TrainingError

_OWN_FIELDS = (
    "num_train_epochs",
    "max_steps",
    "per_device_train_batch_size",
    "learning_rate",
    "lr_scheduler_type",
    "weight_decay",
    "max_grad_norm",
    "max_length",
    "packing",
    "gradient_checkpointing",
    "save_steps",
    "save_total_limit",
    "report_to",
)

_REASONS: Mapping[tuple[str, ...], str] = {
    ("warmup_steps",): "set `training.warmup_ratio`, the share of the steps",
    ("gradient_accumulation_steps",): "it follows from `training.batch_size`, the examples per optimizer step over all "
    "devices, and `training.per_device_train_batch_size`",
    ("bf16", "fp16"): "set `training.precision`",
    ("seed", "data_seed"): "set `seed`, which the whole run derives from",
    ("truncation_mode",): "set `training.too_long`",
    ("eos_token",): "set `training.end_of_turn`",
    ("save_strategy",): "set `training.save_steps`; without it a checkpoint is written once per epoch",
    ("output_dir",): "model and checkpoints belong in the run's folder",
    (
        "accelerator_config",
        "ddp_find_unused_parameters",
        "deepspeed",
        "fsdp",
        "fsdp_config",
        "local_rank",
        "parallelism_config",
    ): "set `training.launcher`, a config of `accelerate launch`",
    ("use_cpu",): "hide the GPUs with CUDA_VISIBLE_DEVICES=",
    ("auto_find_batch_size",): "a step has `training.batch_size` examples; lower `per_device_train_batch_size`",
    ("average_tokens_across_devices",): "the loss is always the mean over all supervised tokens of a step",
    ("model_init_kwargs", "trust_remote_code"): "the model is loaded by regenesis, without code from elsewhere",
    (
        "assistant_only_loss",
        "chat_template_path",
        "completion_only_loss",
        "dataset_kwargs",
        "dataset_num_proc",
        "dataset_text_field",
        "label_names",
        "pad_token",
        "remove_unused_columns",
    ): "rows are rendered and tokenized by regenesis exactly as an engine sends them, with the loss on the completion",
    (
        "dataloader_drop_last",
        "length_column_name",
        "shuffle_dataset",
        "train_sampling_strategy",
    ): "the order of rows depends on `seed` alone, so that any number of devices gives the same curve",
    (
        "disable_tqdm",
        "log_level",
        "log_level_replica",
        "logging_first_step",
        "logging_nan_inf_filter",
        "logging_steps",
        "logging_strategy",
    ): "every step is logged, to `training/history.csv` and to `training.report_to`",
    (
        "batch_eval_metrics",
        "bf16_full_eval",
        "do_eval",
        "do_predict",
        "do_train",
        "eval_accumulation_steps",
        "eval_delay",
        "eval_do_concat_batches",
        "eval_on_start",
        "eval_packing",
        "eval_steps",
        "eval_strategy",
        "eval_use_gather_object",
        "fp16_full_eval",
        "greater_is_better",
        "include_for_metrics",
        "load_best_model_at_end",
        "metric_for_best_model",
        "per_device_eval_batch_size",
        "prediction_loss_only",
    ): "no data is held out of training; `regenesis evaluate` measures the tuned model",
    (
        "enable_jit_checkpoint",
        "ignore_data_skip",
        "restore_callback_states_from_checkpoint",
        "resume_from_checkpoint",
        "save_on_each_node",
        "save_only_model",
    ): "an interrupted training resumes by itself from its last whole checkpoint",
    (
        "hub_always_push",
        "hub_model_id",
        "hub_revision",
        "hub_strategy",
        "hub_token",
        "push_to_hub",
    ): "`regenesis push` uploads the finished model",
}

REFUSED: Mapping[str, str] = {name: f"set `training.{name}`" for name in _OWN_FIELDS} | {
    name: reason for names, reason in _REASONS.items() for name in names
}
"""Arguments of `SFTConfig` that `training.trl` refuses, each with what to do instead."""

WITHOUT_EFFECT = frozenset(
    {
        "dataloader_num_workers",
        "dataloader_persistent_workers",
        "dataloader_prefetch_factor",
        "ddp_backend",
        "ddp_timeout",
        "gradient_checkpointing_kwargs",
        "hub_private_repo",
        "project",
        "run_name",
        "trackio_bucket_id",
        "trackio_space_id",
        "trackio_static_space_id",
    }
)
"""Arguments that do not show in the trained model."""

_CHECK = """
import json, sys
from dataclasses import fields
arguments = json.load(sys.stdin)
from trl import SFTConfig
unknown = sorted(set(arguments) - {field.name for field in fields(SFTConfig)})
if unknown:
    sys.exit(f"SFTConfig of the installed TRL has no argument {', '.join(unknown)}")
try:
    SFTConfig(output_dir="unused", report_to="none", bf16=False, use_cpu=True, **arguments)
except Exception as error:
    sys.exit(f"TRL refuses it ({' '.join(str(error).split())})")
"""


def refusal(name: str) -> str | None:
    """Why `training.trl` does not take an argument, `None` where it does."""
    return REFUSED.get(name)


def fault_in(arguments: Mapping[str, Any]) -> str | None:
    """What TRL, as it is installed here, has against arguments of `SFTConfig`; `None` if nothing.

    Asked in a process of its own: making a `SFTConfig` settles for the whole process which device is trained on.
    """
    if not arguments:
        return None
    asked = subprocess.run(
        [sys.executable, "-c", _CHECK], input=json.dumps(arguments), capture_output=True, text=True, check=False
    )
    if asked.returncode == 0:
        return None
    said = asked.stderr.strip().splitlines() or [f"exit code {asked.returncode}"]
    return f"training.trl: {said[-1].removesuffix('.')}."


def make_arguments(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Any:
    """TRL's settings: the ones regenesis decides, and the user's own on top.

    Raises:
        TrainingError: TRL refuses one of the user's.
    """
    from trl import SFTConfig

    try:
        return SFTConfig(**{**ours, **theirs})
    except (TypeError, ValueError, ImportError) as error:
        if not theirs:
            raise
        raise TrainingError(f"training.trl: TRL refuses it ({error}).") from error
