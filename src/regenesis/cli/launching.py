"""Training in other processes than this one, for the verbs that train.

if needs_launch(config.training):
    launch_training(run, config.training, command="regenesis train runs/x")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from regenesis.config import TrainingConfig
    from regenesis.training.launch import Machines


def launch_training(
    run: Path,
    config: TrainingConfig,
    *,
    command: str,
    machines: Machines | None = None,
    arguments: Sequence[str] = (),
) -> None:
    """Trains a run as its config says, in processes that show how it goes themselves; returns when it is done.

    Args:
        run: The run's folder.
        config: How to train.
        command: What the user goes on with after an interrupt.
        machines: Where the processes run.
        arguments: Further arguments of `regenesis train`.

    Raises:
        typer.Exit: It was interrupted, or ended with an exit code other than 0.
        TrainingError: It failed.
        ConfigError: It cannot be launched.
    """
    from regenesis.training.launch import launch, launch_command

    code = launch(launch_command(run, config, machines, arguments))
    if code:
        say_training_ended(code, command)
        raise typer.Exit(code)


def say_training_ended(code: int, command: str) -> None:
    """Tells of an interrupt that ended the processes of a training; `command` is what the user goes on with."""
    from regenesis.cli.terminal import console

    if code > 128:
        # launchers print a lot on exit; the message that matters comes last
        watched = console(stderr=True)
        watched.print("Interrupted. To resume from the last checkpoint, or start over if there is none yet:")
        watched.print(f"  {command}", soft_wrap=True)
