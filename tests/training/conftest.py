"""A random model of two small layers with a real tokenizer and chat template, and datasets to train it on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.trainable import SETTINGS, save_tiny_checkpoint, write_rows

from regenesis.config import TrainingConfig
from regenesis.training import TrainingJob


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's folder; not to be written to."""
    return save_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def make_job(tiny: Path, tmp_path: Path) -> Callable[..., TrainingJob]:
    """Makes a job on a few rows; named arguments set fields of the training."""

    def make(rows: Sequence[tuple[str, str]] | None = None, *, seed: int = 0, **training: Any) -> TrainingJob:
        dataset = tmp_path / "train.parquet"
        if rows is not None or not dataset.exists():
            write_rows(dataset, rows)
        return TrainingJob(
            dataset=dataset,
            model=str(tiny),
            config=TrainingConfig(**{**SETTINGS, **training}),
            seed=seed,
            output=tmp_path / "model",
            work=tmp_path / "training",
        )

    return make
