"""What a training's config comes to on this machine: precision, batches, and the settings of TRL and peft.

setup = Setup.find(job)
arguments = trainer_arguments(job, setup, rows, folder)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from regenesis.checkpoints.loading import computes_in_bfloat16, emulation_note
from regenesis.errors import TrainingError
from regenesis.training import processes
from regenesis.training.job import TrainingJob
from regenesis.training.rows import Rows
from regenesis.training.trl_arguments import make_arguments

Precision = Literal["bfloat16", "float32"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a job comes to on this machine.

    Attributes:
        device: `cpu` or `cuda`.
        compute: Type that is computed in.
        weights_dtype: Type of the weights in memory.
        device_batch_size: Rows at once on one device.
        accumulation: Such batches an optimiser step.
        triton: Whether TRL's own kernels can be built here, which on a GPU needs a C compiler.
        notes: What the user should know of it.
    """

    device: str
    compute: Precision
    weights_dtype: Precision
    device_batch_size: int
    accumulation: int
    triton: bool
    notes: list[str]

    @classmethod
    def find(cls, job: TrainingJob) -> Setup:
        """Looks at this machine.

        Raises:
            TrainingError: A step's rows cannot be shared by the processes.
        """
        import torch

        config, notes = job.config, []
        device = "cuda" if torch.cuda.is_available() else "cpu"
        half = config.precision == "bf16" or (config.precision == "auto" and computes_in_bfloat16(device))
        slow = emulation_note("bfloat16" if half else "float32", "training.precision", device)
        notes += [slow] if slow else []
        if device == "cuda" and processes.count() == 1 and torch.cuda.device_count() > 1:
            notes.append(f"One of {torch.cuda.device_count()} GPUs is used; training.launcher uses more.")
        triton = device == "cpu" or _triton_builds()
        if not triton:
            notes.append("Triton cannot build kernels here (it needs a C compiler): the loss is computed more slowly.")
        # Updates as small as these vanish in the 8 bits of a bfloat16 weight, so whatever is trained stays in float32
        # and only the arithmetic is bfloat16. Frozen weights lose nothing by it. FSDP wants one type in all.
        frozen_half = half and config.tuning == "lora" and os.environ.get("ACCELERATE_USE_FSDP") != "true"
        device_batch, accumulation = share_batch(config.batch_size, config.per_device_train_batch_size)
        if device_batch != min(config.per_device_train_batch_size, config.batch_size // processes.count()):
            notes.append(f"{device_batch} rows per device, so that steps of {config.batch_size} divide evenly.")
        return cls(
            device=device,
            compute="bfloat16" if half else "float32",
            weights_dtype="bfloat16" if frozen_half else "float32",
            device_batch_size=device_batch,
            accumulation=accumulation,
            triton=triton,
            notes=notes,
        )


def _triton_builds() -> bool:
    try:
        # what it says to the GPU's driver is a C program that it compiles on the first use
        import_module("triton.runtime").driver.active.get_current_target()
    except Exception:  # noqa: BLE001  whatever it is, there is another way
        return False
    return True


def share_batch(batch: int, device_batch: int) -> tuple[int, int]:
    """Shares the rows of a step out.

    Args:
        batch: Rows a step, over all processes.
        device_batch: Rows at once on one device, at most.

    Returns:
        Rows at once on one device, as many as asked for or the next lower number that divides, and how often a step.

    Raises:
        TrainingError: The rows cannot be shared evenly by the processes.
    """
    count = processes.count()
    if batch % count:
        raise TrainingError(
            f"training.batch_size: {batch} rows per step cannot be split evenly over {count} processes. Set it to a "
            f"multiple of {count}."
        )
    share = batch // count
    at_once = next(size for size in range(min(device_batch, share), 0, -1) if share % size == 0)
    return at_once, share // at_once


def trainer_arguments(job: TrainingJob, setup: Setup, rows: Rows, folder: Path) -> Any:
    """TRL's settings, each default of its own that would surprise replaced on purpose; checkpoints go to `folder`.

    Raises:
        TrainingError: TRL refuses something in `training.trl`.
    """
    config = job.config
    ours = {
        "output_dir": str(folder),
        "per_device_train_batch_size": setup.device_batch_size,
        "gradient_accumulation_steps": setup.accumulation,
        "num_train_epochs": config.num_train_epochs,
        "max_steps": config.max_steps or -1,
        "learning_rate": config.peak_learning_rate,
        "lr_scheduler_type": config.lr_scheduler_type,
        "warmup_steps": config.warmup_ratio,
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_grad_norm,
        "optim": "adamw_torch",
        "seed": job.seed,
        "data_seed": job.seed,
        "bf16": setup.compute == "bfloat16",
        "fp16": False,
        "use_cpu": setup.device == "cpu",
        "gradient_checkpointing": config.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False} if config.gradient_checkpointing else None,
        # every row is as long as it should be by now: nothing may be cut behind our back
        "max_length": rows.max_length if config.packing else None,
        "packing": config.packing,
        # the mean over all supervised tokens of a step, worked out without ever holding a whole row's logits; the
        # other name it goes by, `chunked_nll`, is deprecated
        "loss_type": "nll",
        "save_strategy": "steps" if config.save_steps else "epoch",
        "save_steps": config.save_steps or 500,
        "save_total_limit": None,
        "logging_strategy": "steps",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "eval_strategy": "no",
        "report_to": config.report_to or "none",
        "run_name": job.output.absolute().parent.name,
        "disable_tqdm": True,
        "log_level": "error",
        "dataloader_pin_memory": setup.device == "cuda",
        "ddp_find_unused_parameters": False,
        "push_to_hub": False,
    }
    arguments = make_arguments(ours, config.trl)
    if arguments.n_gpu > 1:
        # a single process would spread each batch over all GPUs by a mechanism that TRL refuses
        arguments._n_gpu = 1
    return arguments


def adapter_config(job: TrainingJob) -> Any:
    """Peft's settings of the adapter."""
    from peft import LoraConfig

    lora = job.config.lora
    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.lora_alpha,
        lora_dropout=lora.lora_dropout,
        target_modules=lora.target_modules,
        task_type="CAUSAL_LM",
    )


def require_layers(model: Any, wanted: str | list[str]) -> None:
    """Makes sure that a model has the layers that are to get an adapter.

    Raises:
        TrainingError: It has not, or one of them is the output's, from whose weights the loss is worked out directly.
    """
    from torch.nn import Linear

    if wanted == "all-linear":
        return
    head = model.get_output_embeddings()
    linear = {name: layer for name, layer in model.named_modules() if isinstance(layer, Linear) and layer is not head}
    known = sorted({name.rpartition(".")[2] for name in linear})
    for one in [wanted] if isinstance(wanted, str) else wanted:
        if not any(name == one or name.endswith(f".{one}") for name in linear):
            raise TrainingError(
                f"training.lora.target_modules: {one!r} cannot be given an adapter. The model's layers are "
                f"{', '.join(known)}; `all-linear` takes all of them."
            )
