"""Trains a model on a dataset: from a job to a model on disk and a report of it."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.checkpoints import load_model, load_tokenizer
from regenesis.checkpoints.chats import Chat, name_ends, stop_tokens
from regenesis.checkpoints.memory import let_go_of_memory
from regenesis.errors import TrainingError
from regenesis.models import locate_weights
from regenesis.training import processes
from regenesis.training.history import History
from regenesis.training.job import TrainingJob, changes, fingerprint
from regenesis.training.memory import explaining_memory
from regenesis.training.progress import TrainingProgress
from regenesis.training.quiet import quiet
from regenesis.training.report import TrainingReport, from_record
from regenesis.training.rows import Rows, tokenise
from regenesis.training.saving import (
    about_writing,
    checkpoint_bytes,
    latest_whole,
    read_mark,
    remove_others,
    require_room,
)
from regenesis.training.setup import Setup, adapter_config, require_layers, trainer_arguments
from regenesis.training.staging import finish, finish_swap, read_record_alike, staged_folder
from regenesis.training.trackers import keep_in_run, require_trackers

if TYPE_CHECKING:
    from regenesis.models import Weights
    from regenesis.training.trainer import SupervisedTrainer

_PACKAGES = ("regenesis", "torch", "transformers", "trl", "peft", "accelerate")


def train(
    job: TrainingJob, progress: TrainingProgress | None = None, watch: Callable[[Mapping[str, Any]], None] | None = None
) -> TrainingReport:
    """Trains a model, or goes on with a training that was interrupted.

    Nothing is done where the job's output is already what it would give. Under `torchrun` or `accelerate launch` all
    processes call this alike; the first one writes.

    Args:
        job: What to train on what.
        progress: Figures to keep up to date, for a display.
        watch: Called in the first process after each step, with its row of the history.

    Raises:
        TrainingError: It cannot start or go on; the message says what to do.
        ModelError: The model cannot be found, fetched or read.
    """
    progress = progress or TrainingProgress()
    _require_extra()
    require_trackers(job.config.report_to)
    finish_swap(job)
    progress.phase = "checking model and data"
    weights = locate_weights(job.model, progress=progress.fetching)
    settings = job.settings(weights.identity)
    record = read_record_alike(job)
    if record is not None and record.get("fingerprint") == fingerprint(settings):
        return from_record(job.output, record)
    changed = changes(record["settings"], settings) if record is not None else []
    progress.notes += [f"Previously trained with different settings: {line}" for line in changed]
    with quiet(), explaining_memory(job):
        report = _Training(job, weights, settings, changed, progress, watch).run()
    let_go_of_memory()
    return report


_SPOILT = 2
"""Times the first step's loss; batches differ by less."""


class _Training:
    """One start of a training."""

    def __init__(
        self,
        job: TrainingJob,
        weights: Weights,
        settings: dict[str, Any],
        changed: list[str],
        progress: TrainingProgress,
        watch: Callable[[Mapping[str, Any]], None] | None,
    ) -> None:
        self._job, self._weights, self._settings = job, weights, settings
        self._changed, self._progress, self._watch = changed, progress, watch
        self._fingerprint = fingerprint(settings)
        self._checkpoints = job.work / "checkpoints"

    def run(self) -> TrainingReport:
        from regenesis.training.trainer import supervised_positions_only

        job, progress = self._job, self._progress
        progress.phase = "loading the model"
        setup = Setup.find(job)
        tokenizer = load_tokenizer(self._weights)
        model = load_model(self._weights, dtype=setup.weights_dtype)
        # an adapter names its base by this: a path on this machine would mean nothing on another
        model.name_or_path = model.config._name_or_path = job.model
        progress.phase = "preparing the rows"
        stops = stop_tokens(model.generation_config.eos_token_id, tokenizer, Chat(tokenizer, job.thinking))
        if job.config.tuning == "full":
            name_ends(model, stops)
        rows = tokenise(
            job.dataset,
            tokenizer,
            stops,
            max_length=job.config.max_length,
            too_long=job.config.too_long,
            context=getattr(model.config, "max_position_embeddings", None),
            thinking=job.thinking,
            end_of_turn=job.config.end_of_turn,
        )
        progress.notes += rows.notes() + setup.notes
        arguments = trainer_arguments(job, setup, rows, self._checkpoints)
        resume = self._settle_checkpoint()
        history = History(
            job.work if processes.is_first() else None,
            (read_mark(resume) or {}).get("history", ()) if resume is not None else (),
            self._watch,
        )
        try:
            trainer = self._trainer(model, tokenizer, rows, arguments, setup, history)
            self._require_room(trainer, setup)
            with supervised_positions_only(setup.triton):
                trainer.train(resume_from_checkpoint=str(resume) if resume is not None else None)
            progress.phase = "writing the model"
            report = self._report(trainer, rows, setup, history)
            self._write(trainer, report)
            history.write_json()
        finally:
            history.close()
        return report

    def _settle_checkpoint(self) -> Path | None:
        """The checkpoint to go on from, the same for all processes; all others are removed."""
        from accelerate.utils import broadcast_object_list

        found: list[str | None] = [None]
        if processes.is_first():
            latest = latest_whole(self._checkpoints, self._fingerprint)
            remove_others(self._checkpoints, latest)
            found = [str(latest) if latest is not None else None]
        broadcast_object_list(found)
        return Path(found[0]) if found[0] is not None else None

    def _trainer(
        self, model: Any, tokenizer: Any, rows: Rows, arguments: Any, setup: Setup, history: History
    ) -> SupervisedTrainer:
        from datasets import Dataset

        from regenesis.training.trainer import StepWatch, SupervisedTrainer

        job = self._job
        watch = StepWatch(
            self._progress,
            history,
            self._fingerprint,
            job.config.save_total_limit,
            processes.is_first(),
            f"Lower training.learning_rate (now {job.config.peak_learning_rate:g})"
            + ("" if setup.compute == "float32" else ", or set training.precision to fp32")
            + "; then rerun the command to train from the start.",
        )
        if job.config.tuning == "lora":
            require_layers(model, job.config.lora.target_modules)
        trainer = SupervisedTrainer(
            model=model,
            args=arguments,
            train_dataset=Dataset.from_dict({"input_ids": rows.input_ids, "labels": rows.labels}),
            processing_class=tokenizer,
            peft_config=adapter_config(job) if job.config.tuning == "lora" else None,
            callbacks=[watch],
        )
        keep_in_run(trainer, job.work)
        if job.config.tuning == "lora":
            _keep_off_the_hub(trainer.model)
        return trainer

    def _require_room(self, trainer: SupervisedTrainer, setup: Setup) -> None:
        config, (trainable, _) = self._job.config, _parameters(trainer)
        self._checkpoints.mkdir(parents=True, exist_ok=True)
        an_epoch = math.ceil(len(trainer.train_dataset) / _batch(setup))
        steps = config.max_steps or math.ceil(config.num_train_epochs * an_epoch)
        # the last step is followed by the model itself; the oldest one goes when the next is whole
        checkpoints = min(config.save_total_limit + 1, (steps - 1) // (config.save_steps or an_epoch))
        needed = checkpoints * checkpoint_bytes(trainable) + 4 * trainable
        if processes.is_first():
            require_room(self._checkpoints, needed, "this training, with its checkpoints and its model,")

    def _report(self, trainer: SupervisedTrainer, rows: Rows, setup: Setup, history: History) -> TrainingReport:
        job, last = self._job, history.rows[-1]
        trainable, parameters = _parameters(trainer)
        tail = history.rows[-max(1, len(history.rows) // 10) :]
        return TrainingReport(
            folder=job.output,
            fingerprint=self._fingerprint,
            settings=self._settings,
            base=job.model,
            base_identity=self._weights.identity,
            tuning=job.config.tuning,
            dtype=setup.compute,
            device=setup.device,
            processes=processes.count(),
            trainable=trainable,
            parameters=parameters,
            rows=len(rows.input_ids),
            sequences=trainer.sequences,
            left_out=rows.left_out,
            truncated=rows.truncated,
            unfit=rows.unfit,
            max_length=rows.max_length,
            row_tokens=rows.tokens,
            supervised_tokens=rows.supervised,
            batch_size=_batch(setup),
            learning_rate=job.config.peak_learning_rate,
            steps=int(last["step"]),
            epochs=round(float(last["epoch"]), 4),
            tokens=int(last["tokens"]),
            first_loss=history.rows[0]["loss"],
            final_loss=last["loss"],
            mean_loss=sum(row["loss"] for row in tail) / len(tail),
            seconds=last["seconds"],
            versions=_versions(),
            notes=rows.notes() + setup.notes + self._rise(history),
            resumed_at=self._progress.resumed_at,
            changes=self._changed,
        )

    def _rise(self, history: History) -> list[str]:
        """Says of a loss that is finite, and much higher than it was, that the model is spoilt."""
        first, last = history.rows[0]["loss"], history.rows[-1]["loss"]
        if last <= _SPOILT * first:
            return []
        rate = self._job.config.peak_learning_rate
        return [
            f"The loss rose from {first:.4f} to {last:.4f}: the model is worse on what it was trained on than before. "
            f"Lower training.learning_rate (now {rate:g}) and train again."
        ]

    def _write(self, trainer: SupervisedTrainer, report: TrainingReport) -> None:
        """Writes the model beside the place it is for, and moves it there when it is whole."""
        job = self._job
        staged = staged_folder(job)
        if processes.is_first():
            shutil.rmtree(staged, ignore_errors=True)
        if trainer.is_fsdp_enabled:
            trainer.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
        trainer.accelerator.wait_for_everyone()
        try:
            trainer.save_model(str(staged))
            trainer.accelerator.wait_for_everyone()
            if processes.is_first():
                # a pickle, which nobody should have to trust
                (staged / "training_args.bin").unlink(missing_ok=True)
                _order_names(staged / "adapter_config.json")
                finish(job, report)
                remove_others(self._checkpoints, None)
        except Exception as error:
            if isinstance(error, TrainingError) or not about_writing(error):
                raise
            raise TrainingError(
                f"{staged}: the model cannot be written ({error}). Check free space and permissions on that disk, "
                "then rerun the command to resume from the last checkpoint."
            ) from error
        trainer.accelerator.wait_for_everyone()


def _batch(setup: Setup) -> int:
    """Sequences an optimiser step, over all processes."""
    return setup.device_batch_size * setup.accumulation * processes.count()


def _order_names(config: Path) -> None:
    """Lists an adapter's layers by name: peft writes a set as it comes, and the file is part of the identity."""
    if config.is_file():
        settings = json.loads(config.read_text("utf-8"))
        if isinstance(settings.get("target_modules"), list):
            settings["target_modules"].sort()
        config.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", "utf-8")


def _keep_off_the_hub(model: Any) -> None:
    """Saving an adapter would ask the hub whether its base's vocabulary was enlarged, which it never is here."""
    from functools import partial

    model.save_pretrained = partial(model.save_pretrained, save_embedding_layers=False)


def _parameters(trainer: SupervisedTrainer) -> tuple[int, int]:
    """Parameters that are trained, and all of the base model."""
    weights = list(trainer.model.parameters())
    trainable = sum(weight.numel() for weight in weights if weight.requires_grad)
    total = sum(weight.numel() for weight in weights)
    return trainable, total if trainable == total else total - trainable


def _require_extra() -> None:
    try:
        for name in ("torch", "transformers", "peft", "trl"):
            import_module(name)
    except ImportError as error:
        raise TrainingError(
            f"Training needs packages that are not installed ({error}): pip install 'regenesis[train]'"
        ) from error


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
