"""Supervised fine-tuning on the kept paths.

    report = train(TrainingJob(dataset, "hf:org/repo", config, seed, output, work))

Everything here needs the `train` extra. Under `torchrun` or `accelerate launch` every process calls `train` alike; the
first one writes.
"""

from __future__ import annotations

from regenesis.training.job import TrainingJob
from regenesis.training.progress import TrainingProgress
from regenesis.training.report import TrainingReport
from regenesis.training.sft import train

__all__ = ["TrainingJob", "TrainingProgress", "TrainingReport", "train"]
