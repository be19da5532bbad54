"""The experiment trackers that a training reports to (`training.report_to`), through transformers' own callbacks.

require_trackers(config.report_to)       # before anything is spent
keep_in_run(trainer, job.work)
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import util
from pathlib import Path
from typing import Any

from regenesis.errors import TrainingError

_PACKAGES = {
    "trackio": ("trackio",),
    "wandb": ("wandb",),
    "tensorboard": ("tensorboard", "tensorboardX"),
    "mlflow": ("mlflow",),
}
"""For each tracker the packages of which one has to be there."""


def missing_trackers(wanted: Sequence[str]) -> list[str]:
    """The trackers among those wanted whose package is not installed here."""
    return [name for name in wanted if not any(util.find_spec(package) for package in _PACKAGES[name])]


def require_trackers(wanted: Sequence[str]) -> None:
    """Makes sure that the packages of trackers are installed.

    Raises:
        TrainingError: One is not.
    """
    missing = missing_trackers(wanted)
    if missing:
        raise TrainingError(
            f"training.report_to: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed. "
            f"{how_to_get(missing)}."
        )


def how_to_get(missing: Sequence[str]) -> str:
    """What to do about trackers that are not installed, as the beginning of a sentence."""
    return f"`pip install {' '.join(missing)}`, or leave {'it' if len(missing) == 1 else 'them'} out"


def keep_in_run(trainer: Any, folder: Path) -> None:
    """Has TensorBoard's files written beside the history; by default they would go among the checkpoints."""
    for callback in trainer.callback_handler.callbacks:
        if type(callback).__name__ == "TensorBoardCallback" and callback.logging_dir is None:
            callback.logging_dir = str(folder / "tensorboard")
