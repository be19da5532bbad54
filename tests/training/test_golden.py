"""Twenty steps against losses that were written down: masks, chat template, order of rows, schedule and optimiser.

Where one of them changes on purpose, look at what `git diff` says the losses do, and write them down anew:

    python tests/training/test_golden.py
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.helpers.trainable import SUMS, save_tiny_checkpoint, write_rows

from regenesis.config import TrainingConfig
from regenesis.training import TrainingJob, train

pytestmark = pytest.mark.model

GOLDEN = Path(__file__).parent / "golden_losses.json"
METHODS = {"full": 3e-3, "lora": 2e-2}
STEPS = 20
TOLERANCE = 1e-4
"""Relative difference that another processor's order of additions may make, many times what is seen."""


def golden_losses(folder: Path, method: str) -> list[float]:
    """The losses of a fixed training: 25 rows of different lengths, three a step, in float32."""
    rows = [(question, " ".join([reply] * (1 + number % 3))) for number, (question, reply) in enumerate(SUMS * 3)][:25]
    config = TrainingConfig(
        tuning=method,
        learning_rate=METHODS[method],
        warmup_ratio=0.1,
        weight_decay=0.1,
        max_steps=STEPS,
        batch_size=3,
        per_device_train_batch_size=2,
        max_length=100,
        too_long="truncate",
        precision="fp32",
        lora={"r": 4},
    )
    job = TrainingJob(
        write_rows(folder / "train.parquet", rows),
        str(folder / "tiny"),
        config,
        7,
        folder / "model",
        folder / "training",
    )
    train(job)
    history: list[dict[str, Any]] = json.loads((job.work / "history.json").read_text())
    return [row["loss"] for row in history]


def save_fixed_model(folder: Path) -> None:
    """A small model whose weights depend on their names alone, not on how a library begins with them."""
    import torch
    from safetensors.torch import load_file, save_file

    file = save_tiny_checkpoint(folder / "tiny") / "model.safetensors"
    weights = load_file(file)
    for name, weight in weights.items():
        if weight.dim() > 1:
            generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
            weights[name] = 0.1 * torch.randn(weight.shape, generator=generator)
    save_file(weights, file, metadata={"format": "pt"})


@pytest.mark.parametrize("method", METHODS)
def test_twenty_steps_give_the_losses_written_down(method: str, tmp_path: Path) -> None:
    save_fixed_model(tmp_path)
    expected = json.loads(GOLDEN.read_text())[method]
    assert len(expected) == STEPS
    assert golden_losses(tmp_path, method) == pytest.approx(expected, rel=TOLERANCE)


def write_down() -> None:
    losses = {}
    for method in METHODS:
        with TemporaryDirectory() as folder:
            save_fixed_model(Path(folder))
            losses[method] = [round(loss, 6) for loss in golden_losses(Path(folder), method)]
    GOLDEN.write_text(json.dumps(losses, indent=1) + "\n")


if __name__ == "__main__":
    write_down()
