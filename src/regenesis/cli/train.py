"""`regenesis train`: post-train a run's model on the run's dataset.

regenesis train runs/x
regenesis train runs/x --set training.num_train_epochs=1
regenesis train runs/x --set training.launcher=fsdp --print-command
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenesis.cli.exits import Exit
from regenesis.cli.options import AsJson, Overrides, RunFolder

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.config import RunConfig
    from regenesis.training import TrainingProgress, TrainingReport


def _list_launchers(wanted: bool) -> None:
    if wanted:
        from regenesis.training.launch import RAY, launchers

        for launcher in [*launchers(), RAY]:
            print(f"{launcher.name:17} {launcher.purpose}")
        print(
            "Choose one with `--set training.launcher=fsdp`, or give the path of your own `accelerate launch` config."
        )
        raise typer.Exit()


def train_command(
    run: RunFolder,
    overrides: Overrides = None,
    as_json: AsJson = False,
    print_command: Annotated[
        bool, typer.Option("--print-command", help="Print the launch command without running it.")
    ] = False,
    list_launchers: Annotated[
        bool,
        typer.Option(
            "--list-launchers",
            callback=_list_launchers,
            is_eager=True,
            help="List the launchers that come with the package.",
        ),
    ] = False,
    processes: Annotated[
        int | None,
        typer.Option(help="Processes on this machine; default one per GPU, or as the launcher config says."),
    ] = None,
    machines: Annotated[int, typer.Option(help="Number of machines; run the same command on each.")] = 1,
    machine_rank: Annotated[int, typer.Option(help="Rank of this machine, from 0.")] = 0,
    main_address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Address of machine 0 and a free port on it.")
    ] = None,
) -> None:
    """Fine-tune the model of a run on its kept paths.

    The result is written to RUN/model: an adapter, or a checkpoint with `--set training.tuning=full`. If it is already
    up to date with the dataset and the config, nothing is done. Rerun after an interruption, training resumes from
    the last checkpoint.

    With training.launcher set, `accelerate launch` starts one process per GPU; for several machines also give
    --machines, --machine-rank and --main-address. `ray` starts one on each GPU of a Ray cluster.

    \b
    Exit codes:
      0    done, or nothing to do
      1    an error
      2    the command line cannot be read
      130  interrupted
    """  # noqa: D301 - the command line knows a paragraph to leave alone by that character
    from regenesis.training.launch import Machines, end_with_launcher, last_words, launch_command, needs_launch
    from regenesis.training.stage import training_config

    end_with_launcher()
    with last_words():
        config = training_config(run, overrides or ())
        where = Machines(processes, machines, machine_rank, main_address)
        arguments = _arguments(overrides or [], as_json)
        if print_command:
            print(shlex.join(launch_command(run, config.training, where, arguments)))
            return
        command = _command(run, overrides or [])
        if needs_launch(config.training):
            from regenesis.cli.launching import launch_training

            launch_training(run, config.training, command=command, machines=where, arguments=arguments)
            return
        report = _train(config, run, command, as_json)
        _finish(report, run, as_json)
        raise typer.Exit(Exit.DONE)


def _arguments(overrides: list[str], as_json: bool) -> list[str]:
    """What a launched command is given besides the run."""
    return [part for override in overrides for part in ("--set", override)] + ["--json"] * as_json


def _command(run: Path, overrides: list[str]) -> str:
    return shlex.join(["regenesis", "train", str(run), *_arguments(overrides, False)])


def _train(config: RunConfig, run: Path, command: str, as_json: bool) -> TrainingReport:
    import asyncio

    from regenesis.cli.interrupts import run_until_interrupted
    from regenesis.cli.terminal import console
    from regenesis.cli.training_display import display_for_training
    from regenesis.training import TrainingProgress, processes
    from regenesis.training.launch import launched
    from regenesis.training.stage import train_run

    # with --json, stdout is reserved for the JSON document
    watched, progress = console(stderr=as_json), TrainingProgress()
    display = display_for_training(watched, progress, str(run), shown=processes.is_first())

    def last_words() -> None:
        display.__exit__(None, None, None)
        if processes.is_first() and not launched():
            _say_how_to_go_on(watched, progress, command)

    with display:
        return run_until_interrupted(asyncio.to_thread(train_run, run, config, progress=progress), last_words)


def _say_how_to_go_on(watched: Console, progress: TrainingProgress, command: str) -> None:
    done = f" at step {progress.step:,} of {progress.steps:,}" if progress.steps else ""
    watched.print(f"Interrupted{done}. To resume from the last checkpoint, or start over if there is none yet:")
    watched.print(f"  {command}", soft_wrap=True)


def _finish(report: TrainingReport, run: Path, as_json: bool) -> None:
    from regenesis.cli.terminal import console, print_json
    from regenesis.training import processes

    if not processes.is_first():
        return
    if as_json:
        print_json(report.to_json())
    else:
        from regenesis.report.terminal import print_view
        from regenesis.report.views.training import training_view

        print_view(console(), training_view(report, run))
