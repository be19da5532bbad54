"""What a training came to, as it is written beside the model and told to the user."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from regenesis.errors import TrainingError
from regenesis.filesystems import read_bounded
from regenesis.training.job import settings_by_current_names

RECORD = "training.json"
"""The report's file in the model's folder; with it the folder is whole."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """How a training ended.

    Attributes:
        folder: The tuned model: an adapter in the form of peft, or a checkpoint.
        fingerprint: Of the settings.
        settings: All that the result depends on; see `TrainingJob.settings`.
        base: The model that was trained, as the user named it.
        base_identity: The same by its contents.
        tuning: `lora` or `full`.
        dtype: What it was computed in: `bfloat16` or `float32`.
        device: Where: `cpu`, `cuda`.
        processes: How many processes trained together.
        trainable: Parameters that were trained.
        parameters: Parameters of the model.
        rows: Rows trained on.
        sequences: Sequences they were packed into; as many as rows without packing.
        left_out: Rows left out because they are too long.
        truncated: Rows cut because they are too long.
        unfit: Rows left out because their text spells a token that means something to the model.
        max_length: Most tokens of a row.
        row_tokens: Tokens of all rows, prompts included.
        supervised_tokens: Those of them that the loss counts, each counted once.
        batch_size: Rows an optimiser step.
        steps: Optimiser steps.
        epochs: Passes over the data.
        tokens: Tokens trained on in all passes.
        first_loss: Loss of the first step.
        final_loss: Loss of the last step.
        mean_loss: Mean over the last tenth of the steps.
        seconds: Time spent on steps, over all sessions.
        versions: Of the packages it was made with.
        learning_rate: Peak of the schedule; `None` in a record of a version that did not write it down.
        notes: What the user should know: rows left out or cut, devices unused.
        resumed_at: Step that this start went on after; 0 for a start from the beginning.
        changes: What differs from the training before, which this one replaced.
        already_done: Whether this start found the model there.
    """

    folder: Path
    fingerprint: str
    settings: dict[str, Any]
    base: str
    base_identity: str
    tuning: str
    dtype: str
    device: str
    processes: int
    trainable: int
    parameters: int
    rows: int
    sequences: int
    left_out: int
    truncated: int
    unfit: int
    max_length: int
    row_tokens: int
    supervised_tokens: int
    batch_size: int
    steps: int
    epochs: float
    tokens: int
    first_loss: float
    final_loss: float
    mean_loss: float
    seconds: float
    versions: dict[str, str]
    learning_rate: float | None = None
    notes: list[str] = field(default_factory=list)
    resumed_at: int = 0
    changes: list[str] = field(default_factory=list)
    already_done: bool = False

    def __repr__(self) -> str:
        done = f"{self.tuning} on {self.rows:,} rows in {self.steps:,} steps"
        return f"TrainingReport({self.folder}: {done}, loss {self.first_loss:.3g} → {self.final_loss:.3g})"

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        return {**asdict(self), "folder": str(self.folder)}

    def record(self) -> dict[str, Any]:
        """What is written beside the model: all but what is about this start."""
        values = self.to_json()
        for name in ("folder", "resumed_at", "changes", "already_done"):
            del values[name]
        return values


def read_record(folder: Path) -> dict[str, Any] | None:
    """What stands beside a tuned model, `None` where there is no whole one.

    Raises:
        TrainingError: It is damaged.
    """
    path = folder / RECORD
    try:
        record = json.loads(read_bounded(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise TrainingError(f"{path}: is damaged ({error}). Remove {folder} and train again.") from error
    if not isinstance(record, dict) or not isinstance(record.get("settings"), dict):
        raise TrainingError(f"{path}: is not what a training writes. Remove {folder} and train again.")
    if "method" in record:  # as it was called before there were several methods of synthesis
        record["tuning"] = record.pop("method")
    record["settings"] = settings_by_current_names(record["settings"])
    return record


def from_record(folder: Path, record: dict[str, Any]) -> TrainingReport:
    """The report of a training that was done before.

    Raises:
        TrainingError: The record is of another version, or damaged.
    """
    try:
        return TrainingReport(folder=folder, already_done=True, **record)
    except TypeError as error:
        raise TrainingError(f"{folder / RECORD}: is not what this version writes. Remove {folder}.") from error
