"""`regenesis run`: the whole loop in one command.

regenesis run config.yaml                         into runs/config
regenesis run config.yaml --run-dir runs/x --rounds 2
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenesis.cli.exits import Exit
from regenesis.cli.options import AsJson, ConfigFile, Overrides, Reuse, RunDir, config_to_work_by

if TYPE_CHECKING:
    from regenesis.runs.running import StageResult

_EXITS = {
    "done": Exit.DONE,
    "unfinished": Exit.UNFINISHED,
    "nothing kept": Exit.NOTHING_KEPT,
    "nothing read": Exit.NOTHING_READ,
}


def run_command(
    config: ConfigFile,
    run_dir: RunDir = None,
    rounds: Annotated[
        int,
        typer.Option(
            min=1, help="Number of self-improvement rounds; each samples from the model trained in the previous one."
        ),
    ] = 1,
    overrides: Overrides = None,
    reuse: Reuse = None,
    as_json: AsJson = False,
) -> None:
    """Run the whole loop: synthesize verified reasoning paths, train the model on them, evaluate before and after.

    Finished stages are skipped and interrupted ones continue where they stopped: rerun the same command to resume.
    More rounds can be added later. evaluation.tasks in the config lists the tasks to evaluate on; without it the loop
    ends after training.

    \b
    Exit codes:
      0    done
      1    an error
      2    the command line cannot be read
      3    stopped before the end: a budget ran out, or questions were
           set aside because the engine kept failing on them
      4    the synthesis kept no paths, so there is nothing to train on; or
           no answer could be parsed for at least one task
      130  interrupted
    """  # noqa: D301 - the command line knows a paragraph to leave alone by that character
    import sys

    from regenesis.cli.launching import say_training_ended
    from regenesis.cli.telling import Told
    from regenesis.cli.terminal import print_json
    from regenesis.errors import TrainingEnded
    from regenesis.runs.running import run

    loaded = config_to_work_by(config, overrides)
    folder = run_dir or Path("runs") / config.stem
    command = _command(config, folder, rounds, overrides or [], reuse or [])
    told = Told(loaded, rounds, command, as_json)
    try:
        # with --json, stdout is reserved for the JSON document
        output = sys.stderr.fileno() if as_json else None
        report = run(
            loaded,
            folder,
            rounds=rounds,
            observer=told,
            wait=told.wait,
            training_output=output,
            reuse=reuse or [],
        )
    except TrainingEnded as ended:
        say_training_ended(ended.code, command)
        raise typer.Exit(ended.code) from None
    if as_json:
        print_json({"complete": report.complete, "stages": [_document(one) for one in report.stages]})
    raise typer.Exit(_EXITS[report.ending])


def _command(config: Path, folder: Path, rounds: int, overrides: list[str], reuse: list[Path]) -> str:
    sets = [part for override in overrides for part in ("--set", override)]
    sets += [part for run in reuse for part in ("--reuse", str(run))]
    again = ["--rounds", str(rounds)] if rounds > 1 else []
    return shlex.join(["regenesis", "run", str(config), "--run-dir", str(folder), *again, *sets])


def _document(result: StageResult) -> dict[str, Any]:
    stage, report = result.stage, result.report
    told = dict(report) if isinstance(report, Mapping) else report.to_json()
    return {"stage": stage.kind, "round": stage.round, "directory": str(stage.directory), **told}
