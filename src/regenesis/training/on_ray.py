"""Training in processes of a Ray cluster, by Ray Train: what `training.launcher: ray` starts.

    python -m regenesis.training.on_ray runs/x --workers 16 [--set training.…] [--json]

Each process trains as one that `torchrun` has started would. The run's folder lies where all nodes see it; a training
that loses a process is started again, and goes on from the last checkpoint.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from regenesis.errors import ConfigError, RegenesisError, TrainingError
from regenesis.store.directory import RunDirectory
from regenesis.training.launch import end_with_launcher, last_words
from regenesis.training.report import TrainingReport, from_record, read_record

_STARTS = 10
"""How often a training is started at most: processes are lost, but one that ends each time is not for ever."""


def train_on_ray(run: Path, overrides: Sequence[str] = (), workers: int | None = None) -> TrainingReport:
    """Trains a run on the Ray cluster that this process is in, `RAY_ADDRESS` names, or else on this machine.

    Args:
        run: The run's folder.
        overrides: As `regenesis train --set` takes them.
        workers: Processes; one a GPU of the cluster if left out.

    Raises:
        ConfigError: Ray is not installed, or the cluster has no GPUs and the number of processes is not said.
        TrainingError: Training cannot start or go on.
        RegenesisError: What stopped a process.
    """
    try:
        import ray
        from ray.train import RunConfig, ScalingConfig
        from ray.train.torch import TorchTrainer
    except ImportError as error:
        raise ConfigError(
            f"training.launcher: ray needs Ray Train ({error}). Install it: `pip install 'regenesis[ray]'`."
        ) from error
    run = run.absolute()
    ray.init(ignore_reinit_error=True, log_to_driver=False)
    gpus = int(ray.cluster_resources().get("GPU", 0))
    if not gpus and workers is None:
        raise ConfigError(
            "training.launcher: the Ray cluster has no GPUs. Say how many processes to start with --processes."
        )
    storage = run / "training" / "ray"
    for start in range(1, _STARTS + 1):
        trainer = TorchTrainer(
            _train_here,
            train_loop_config={"run": str(run), "overrides": list(overrides)},
            scaling_config=ScalingConfig(num_workers=workers or gpus, use_gpu=gpus > 0),
            run_config=RunConfig(name=f"regenesis-{os.getpid()}-{start}", storage_path=str(storage)),
        )
        try:
            trainer.fit()
            break
        except ray.train.TrainingFailedError as error:
            ours = next((one for one in _causes(error) if isinstance(one, RegenesisError)), None)
            if ours is not None:
                raise ours from error
            if start == _STARTS:
                said = str(error).strip().splitlines()[-1]
                raise TrainingError(f"The training lost processes {_STARTS} times, the last time by: {said}") from error
    shutil.rmtree(storage, ignore_errors=True)
    model = RunDirectory(run).model
    record = read_record(model)
    if record is None:
        raise TrainingError(
            f"{run}: the training left no model here. Give a run folder that all nodes see under the same path."
        )
    return replace(from_record(model, record), already_done=False)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What an error of Ray Train is made of: an exception a process, wrapped more than once."""
    left: list[Any] = [error]
    while left:
        one = left.pop()
        if isinstance(one, BaseException):
            yield one
            left += [one.__cause__, getattr(one, "_base_exc", None), getattr(one, "cause", None)]
            left += getattr(one, "worker_failures", {}).values()


def _train_here(settings: dict[str, Any]) -> None:
    """What every process does."""
    import torch

    from regenesis.training.stage import train_run, training_config

    if not torch.cuda.is_available():
        os.environ["ACCELERATE_USE_CPU"] = "true"
    run = Path(settings["run"])
    train_run(run, training_config(run, settings["overrides"]))


def main() -> None:
    from rich.console import Console

    from regenesis.report.terminal import print_view
    from regenesis.report.views.training import training_view

    parser = argparse.ArgumentParser(prog="python -m regenesis.training.on_ray", description="Train a run on Ray.")
    parser.add_argument("run", type=Path)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    end_with_launcher()
    with last_words():
        report = train_on_ray(options.run, options.overrides, options.workers)
    if options.json:
        sys.stdout.write(json.dumps(report.to_json(), ensure_ascii=False) + "\n")
    else:
        print_view(Console(), training_view(report, options.run))


if __name__ == "__main__":
    main()
