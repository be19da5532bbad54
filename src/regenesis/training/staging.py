"""A finished model, written beside its place and moved there whole.

folder = staged_folder(job)     # the weights are written here
finish(job, report)             # card and record, the record last; then the model is moved to `job.output`
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from regenesis.filesystems import give_usual_rights
from regenesis.training import processes
from regenesis.training.card import write_model_card
from regenesis.training.job import TrainingJob
from regenesis.training.report import RECORD, TrainingReport, read_record
from regenesis.training.saving import sync_files, write_synced


def staged_folder(job: TrainingJob) -> Path:
    """Where a model is written."""
    return job.work / "model"


def finish(job: TrainingJob, report: TrainingReport) -> None:
    """Completes a written model by card and record, and puts it in its place."""
    staged = staged_folder(job)
    write_model_card(staged, {**job.facts, **report.record()})
    give_usual_rights(staged)
    sync_files(staged)
    write_synced(staged / RECORD, json.dumps(report.record(), indent=1) + "\n")
    finish_swap(job)


def finish_swap(job: TrainingJob) -> None:
    """Puts a finished model in its place; one that an earlier start finished and did not live to move, too."""
    staged, old = staged_folder(job), job.work / "old-model"
    if not processes.is_first() or not (staged / RECORD).is_file():
        return
    shutil.rmtree(old, ignore_errors=True)
    job.output.parent.mkdir(parents=True, exist_ok=True)
    if job.output.exists():
        job.output.rename(old)
    staged.rename(job.output)
    shutil.rmtree(old, ignore_errors=True)


def read_record_alike(job: TrainingJob) -> dict[str, Any] | None:
    """What stands beside the model; the same for all processes, though the first may be moving it meanwhile."""
    return (None if processes.is_first() else read_record(staged_folder(job))) or read_record(job.output)
