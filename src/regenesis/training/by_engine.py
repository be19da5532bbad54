"""Training by an engine that trains its own model, such as the simulated one: no weights, no checkpoints, one step.

report = train_by_engine(job, config.engine)
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib.metadata import version
from time import monotonic

from regenesis.engines import EngineConfig
from regenesis.errors import TrainingError
from regenesis.training.config import TrainingConfig
from regenesis.training.job import TrainingJob, changes, fingerprint
from regenesis.training.report import TrainingReport, from_record
from regenesis.training.staging import finish, finish_swap, read_record_alike, staged_folder


def trains_itself(training: TrainingConfig, engine: EngineConfig) -> bool:
    """Whether an engine trains the model that a training begins with."""
    return engine.trains and training.model in (None, engine.weights)


def train_by_engine(job: TrainingJob, engine: EngineConfig) -> TrainingReport:
    """Has the engine train its model; nothing is done where the job's output is already what it would give.

    Raises:
        TrainingError: The model cannot be written.
        ModelError: The dataset cannot be read.
    """
    finish_swap(job)
    engine = engine.with_adapter(None)
    identity = engine.identity() or job.model
    own = {f"engine.{name}": value for name, value in engine.model_dump(mode="json").items()}
    known = job.settings(identity)
    settings = {name: known[name] for name in ("data set", "base model", "seed")} | own
    record = read_record_alike(job)
    if record is not None and record.get("fingerprint") == fingerprint(settings):
        return from_record(job.output, record)
    started, staged = monotonic(), staged_folder(job)
    shutil.rmtree(staged, ignore_errors=True)
    try:
        staged.mkdir(parents=True)
        trained = engine.train(job.dataset, staged, job.seed)
        report = TrainingReport(
            folder=job.output,
            fingerprint=fingerprint(settings),
            settings=settings,
            base=job.model,
            base_identity=identity,
            tuning="lora",
            dtype=engine.precision(identity),
            device=engine.kind,
            processes=1,
            trainable=0,
            parameters=0,
            rows=trained.rows,
            sequences=trained.rows,
            left_out=0,
            truncated=0,
            unfit=0,
            max_length=trained.longest,
            row_tokens=trained.tokens,
            supervised_tokens=trained.supervised_tokens,
            batch_size=trained.rows,
            steps=1,
            epochs=1.0,
            tokens=trained.tokens,
            first_loss=0.0,
            final_loss=0.0,
            mean_loss=0.0,
            seconds=monotonic() - started,
            versions={"regenesis": version("regenesis")},
            notes=[f"The engine `{engine.kind}` trained this model by itself: there are no weights and no loss."],
            changes=changes(record["settings"], settings) if record is not None else [],
        )
        finish(replace(job, facts={**job.facts, "engine": engine.kind, "tags": [engine.kind]}), report)
    except OSError as error:
        raise TrainingError(f"{staged}: the model cannot be written ({error}). Check free space there.") from error
    return report
