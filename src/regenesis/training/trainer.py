"""TRL's trainer as it is used here. Importing this module imports torch, transformers and TRL: import it in functions.

trainer = SupervisedTrainer(model=model, args=..., callbacks=[StepWatch(...)])
"""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainerCallback
from trl import SFTTrainer

from regenesis.errors import TrainingError
from regenesis.training.history import History
from regenesis.training.order import RowOrder, with_fillers
from regenesis.training.progress import TrainingProgress
from regenesis.training.saving import about_writing, checkpoint_bytes, keep_latest, mark_whole, require_room

_PACE_STEPS = 10
"""Steps over which the current speed is taken."""


class SupervisedTrainer(SFTTrainer):  # type: ignore[misc]
    """TRL's trainer without its telemetry, its card and its lines on the terminal."""

    train_dataset: Any

    def __init__(self, *, model: Any, **named: Any) -> None:
        cached = getattr(model.config, "use_cache", None)
        super().__init__(model=model, **named)
        if cached is not None:
            # it was turned off for the training, which asks for no cache anyway, and would be saved with the model
            model.config.use_cache = cached
        self.remove_callback(PrinterCallback)
        self.sequences = len(self.train_dataset)
        if self.args.world_size > 1:
            self.train_dataset = with_fillers(self.train_dataset, self.args.train_batch_size * self.args.world_size)

    def _get_train_sampler(self, train_dataset: Any = None) -> RowOrder:
        return RowOrder(self.sequences, len(self.train_dataset) - self.sequences, self.args.seed)

    def _send_telemetry(self) -> None:
        """Nobody is told."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """The card is written by `regenesis.training.card`, once, beside the finished model."""

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The schedule, with a warm-up of whole steps: rounded up, a short training would waste its first at 0."""
        if 0 < self.args.warmup_steps < 1:
            self.args.warmup_steps = int(self.args.warmup_steps * num_training_steps)
        return super().create_scheduler(num_training_steps, optimizer)

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        # state dicts gathered from shards hold a tied weight once per name, as separate copies
        if state_dict is not None:
            tied = getattr(self.model, "all_tied_weights_keys", {})
            state_dict = {name: weight for name, weight in state_dict.items() if name not in tied}
        super()._save(output_dir, state_dict)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        step, folder = self.state.global_step, Path(self.args.output_dir)
        trainable = sum(weight.numel() for weight in self.model.parameters() if weight.requires_grad)
        if self.args.should_save:
            require_room(folder, checkpoint_bytes(trainable), f"the checkpoint of step {step}")
        try:
            super()._save_checkpoint(model, trial)
        except TrainingError:
            raise
        except Exception as error:
            if not about_writing(error):
                raise
            raise _not_written(folder, step, error) from error


def _not_written(folder: Path, step: int, error: Exception) -> TrainingError:
    return TrainingError(
        f"{folder}: the checkpoint of step {step} cannot be written ({error}). Check free space and "
        "permissions on that disk, then rerun the command to resume from the previous checkpoint."
    )


@contextmanager
def supervised_positions_only(triton: bool = True) -> Iterator[None]:
    """Lets TRL's loss look at supervised positions alone on a CPU too, as it does on a GPU; the value is the same.

    It looks at all of them there, prompts and padding included, for the sake of devices that compile a program for each
    shape. Where a later version has no such switch, this changes nothing.

    Args:
        triton: Whether its kernels for GPUs can be built; what they do is done by torch where not.
    """
    from trl.trainer import utils

    switch: Callable[[Any], bool] | None = getattr(utils, "_use_triton", None)
    if switch is None:
        yield
        return
    kernels: Any = sys.modules[switch.__module__]
    utils._use_triton = lambda device: device.type in ("cpu", "cuda") or switch(device)
    if not triton:
        kernels._use_triton = lambda device: False
    try:
        yield
    finally:
        utils._use_triton = kernels._use_triton = switch


class StepWatch(TrainerCallback):  # type: ignore[misc]
    """Follows a training step by step: history, progress, what stops it, and marks on whole checkpoints."""

    def __init__(
        self, progress: TrainingProgress, history: History, fingerprint: str, keep: int, first: bool, hint: str
    ) -> None:
        """Begins where the history ends.

        Args:
            progress: Kept up to date.
            history: Added to.
            fingerprint: What checkpoints are marked with.
            keep: Latest checkpoints to keep.
            first: Whether this process writes.
            hint: What to do about a loss that is no number.
        """
        self._progress, self._history = progress, history
        self._fingerprint, self._keep, self._first, self._hint = fingerprint, keep, first, hint
        last = history.rows[-1] if history.rows else {"tokens": 0, "seconds": 0.0}
        self._tokens_before, self._seconds_before = int(last["tokens"]), float(last["seconds"])
        self._began = self._step_began = 0.0
        self._pace: deque[tuple[int, float]] = deque(maxlen=_PACE_STEPS)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._began = self._step_began = time.monotonic()
        progress = self._progress
        progress.phase, progress.stepping_since = "training", self._began
        progress.step = progress.resumed_at = state.global_step
        progress.steps, progress.tokens = state.max_steps, self._tokens_before

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        if logs is None or "loss" not in logs:
            return
        now = time.monotonic()
        loss, norm = float(logs["loss"]), float(logs.get("grad_norm", 0.0))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise TrainingError(
                f"step {state.global_step}: the loss is {loss:g} and the gradient norm {norm:g}. {self._hint}"
            )
        tokens = self._tokens_before + int(logs["num_tokens"])
        self._pace.append((tokens - self._progress.tokens, now - self._step_began))
        row = {
            "step": state.global_step,
            "epoch": float(logs["epoch"]),
            "loss": loss,
            "grad_norm": norm,
            "learning_rate": float(logs["learning_rate"]),
            "tokens": tokens,
            "tokens_per_second": round(self._pace[-1][0] / max(self._pace[-1][1], 1e-9), 1),
            "seconds": round(self._seconds_before + now - self._began, 3),
        }
        self._history.add(row)
        self._show(row)
        self._progress.stepped = now
        self._history.tell(row)
        self._step_began = now

    def _show(self, row: Mapping[str, Any]) -> None:
        progress = self._progress
        for name in ("step", "epoch", "loss", "grad_norm", "learning_rate", "tokens"):
            setattr(progress, name, row[name])
        progress.tokens_per_second = sum(tokens for tokens, _ in self._pace) / sum(spent for _, spent in self._pace)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._spare_the_last(state, control)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._spare_the_last(state, control)

    @staticmethod
    def _spare_the_last(state: Any, control: Any) -> None:
        # the final model is written separately, so the last checkpoint would only cost disk space
        if state.global_step >= state.max_steps:
            control.should_save = False

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        from accelerate import PartialState

        # other processes may still be writing their shards
        PartialState().wait_for_everyone()
        if self._first:
            folder = Path(args.output_dir)
            try:
                mark_whole(folder / f"checkpoint-{state.global_step}", self._fingerprint, self._history.rows)
                keep_latest(folder, self._keep)
                self._history.write_json()
            except OSError as error:
                raise _not_written(folder, state.global_step, error) from error
        # what saving took is no part of the next step
        self._step_began = time.monotonic()
