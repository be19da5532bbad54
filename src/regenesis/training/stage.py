"""The training stage: a run's dataset → a tuned model in the run's folder, durable by checkpoints.

    report = train_run("runs/x")

Where the run's model is already what its dataset and config would give, nothing is done. Under `torchrun` or
`accelerate launch` every process calls this alike; the first one holds the run and writes its log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from regenesis.config import RunConfig
from regenesis.dataset.card import PARQUET
from regenesis.errors import ConfigError, RegenesisError
from regenesis.methods import method_class
from regenesis.models import locate_weights
from regenesis.report.provenance import Provenance
from regenesis.store.directory import RunDirectory, read_json
from regenesis.store.journal import Journal
from regenesis.training import TrainingJob, TrainingProgress, TrainingReport, processes, train
from regenesis.training.base_model import model_to_train
from regenesis.training.by_engine import train_by_engine, trains_itself
from regenesis.training.job import fingerprint
from regenesis.training.launch import inside_launch
from regenesis.training.report import read_record


def train_run(
    run_dir: str | Path, config: RunConfig | None = None, *, progress: TrainingProgress | None = None
) -> TrainingReport:
    """Trains the model of a run on the run's dataset, or goes on with a training that was interrupted.

    Args:
        run_dir: The run's folder.
        config: In place of the run's own; its `training`, `seed` and engine's model count.
        progress: Figures to keep up to date, for a display.

    Raises:
        RunError: The folder is that of no run, or another process is working on it.
        TrainingError: Training cannot start or go on; the message says what to do.
        ModelError: The model cannot be found, fetched or read.
    """
    directory = RunDirectory(run_dir)
    config = config or directory.require_started()
    job = training_job(directory, config)
    progress = progress or TrainingProgress()
    with _held(directory) as journal:
        journal("training_start", model=job.model, tuning=job.config.tuning, seed=job.seed)

        def note_step(row: Mapping[str, Any]) -> None:
            left = progress.seconds_left()
            journal("training_step", **row, steps=progress.steps, seconds_left=None if left is None else round(left))

        try:
            report = (
                train_by_engine(job, config.engine)
                if trains_itself(config.training, config.engine)
                else train(job, progress, note_step)
            )
        except BaseException as error:
            why = str(error) if isinstance(error, RegenesisError) else type(error).__name__
            journal("training_stopped", why=why, step=progress.step, steps=progress.steps)
            raise
        journal("training_end", **report.to_json())
        return report


def is_trained(directory: RunDirectory, config: RunConfig) -> bool:
    """Whether a run's model is already what its dataset and config give, so that no training process need be started.

    Of an engine that trains by itself it is not told: its training finds out at once.

    Raises:
        ModelError: The base model cannot be found, fetched or read.
        TrainingError: The model's record is damaged, or there is no dataset.
    """
    record = read_record(directory.model)
    if record is None or trains_itself(config.training, config.engine):
        return False
    job = training_job(directory, config)
    settings = job.settings(locate_weights(job.model).identity)
    return bool(record.get("fingerprint") == fingerprint(settings))


def training_config(run_dir: str | Path, overrides: Sequence[str] = ()) -> RunConfig:
    """The config that a run was started with, with another training.

    Raises:
        RunError: The folder is that of no run, or of one whose config may be somebody else's and names a program.
        ConfigError: An override is not valid, or of something that training does not depend on.
    """
    directory = RunDirectory(run_dir)
    strange = [one for one in overrides if not one.startswith("training.") and one.partition("=")[0] != "seed"]
    if strange:
        raise ConfigError(f"--set {strange[0]!r}: training depends on `training` and `seed` only.")
    # of processes that have been launched the launching one has seen to it
    return directory.require_own([] if inside_launch() else ["training"], overrides)


def training_job(directory: RunDirectory, config: RunConfig) -> TrainingJob:
    """What a run's config has to say about its training.

    Raises:
        ConfigError: It does not say which model to train.
    """
    origin = read_json(directory.origin) or {}
    provenance = Provenance.from_record(origin.get("provenance"))
    writer = {"paths_written_by": directory.frozen_model() or config.engine.model} if provenance.by_model else {}
    return TrainingJob(
        dataset=directory.dataset / PARQUET,
        model=model_to_train(config.training, config.engine),
        config=config.training,
        seed=config.seed,
        output=directory.model,
        work=directory.training,
        thinking=config.thinking,
        facts={
            "tasks": [task.name for task in config.tasks],
            "provenance": provenance.record(),
            **writer,
            # a dataset from elsewhere comes without a record of its origin
            "synthesis": origin.get("method") or f"{method_class(config.method.name).title}, preset {config.preset}",
        },
    )


@contextmanager
def _held(directory: RunDirectory) -> Iterator[Callable[..., None]]:
    """The run, held, and its log to write to; processes after the first hold and write nothing."""
    if not processes.is_first():
        yield lambda *_, **__: None
        return
    with directory.locked(with_ledger=False), Journal(directory.log) as journal:
        yield journal.write
