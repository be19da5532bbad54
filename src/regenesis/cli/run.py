"""`regenesis run`: the whole loop in one command.

regenesis run config.yaml                         into runs/config
regenesis run config.yaml --run-dir runs/x --rounds 2
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenesis.cli.exits import Exit
from regenesis.cli.options import AsJson, ConfigFile, Overrides, RunDir, config_to_work_by

if TYPE_CHECKING:
    from regenesis.runs.loop import Remaining, Stage

_IN_WORDS = {"synthesize": "Synthesize", "train": "Train", "evaluate": "Evaluate"}


def run_command(
    config: ConfigFile,
    run_dir: RunDir = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="Go round so many times, each time asking the model that the last one improved.")
    ] = 1,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """The whole loop: make verified reasoning paths, train the model on them, measure it before and after.

    Every stage is skipped when it is done, and goes on where it stopped: the same command resumes, whatever ended the
    last one. More rounds may be asked for later. What is measured is said by evaluation.tasks in the config; without
    them the loop ends with the trained model.

    \b
    Exit codes:
      0    done
      1    an error
      2    the command line cannot be read
      3    stopped before the end: a budget ran out, or questions were
           set aside because the engine kept failing on them
      4    a synthesis kept nothing, so that there is nothing to train on;
           or of a task no answer at all could be read
      130  interrupted
    """  # noqa: D301 - the command line knows a paragraph to leave alone by that character
    from regenesis.cli.looking_ahead import look_ahead
    from regenesis.runs.loop import Remaining, require_possible, stages

    loaded = config_to_work_by(config, overrides)
    folder = run_dir or Path("runs") / config.stem
    require_possible(loaded, rounds)
    look_ahead(loaded, folder, trains=True, as_json=as_json)
    command = _command(config, folder, rounds, overrides or [])
    remaining, documents = Remaining(loaded.budget), list[dict[str, Any]]()
    code, unread = Exit.DONE, False
    for stage in stages(loaded, folder, rounds):
        _announce(stage, rounds, with_evaluation=bool(loaded.evaluation.tasks), as_json=as_json)
        code, document = _PERFORM[stage.kind](stage, remaining, command, as_json)
        documents.append({"stage": stage.kind, "round": stage.round, "directory": str(stage.directory), **document})
        unread = unread or (stage.kind == "evaluate" and code is Exit.NOTHING_READ)
        # a task that the model cannot answer in the form asked for keeps no later round from being gone through
        if code is not Exit.DONE and not (stage.kind == "evaluate" and code is Exit.NOTHING_READ):
            break
    else:
        code = Exit.NOTHING_READ if unread else Exit.DONE
    if as_json:
        from regenesis.cli.terminal import print_json

        print_json({"complete": code is Exit.DONE, "stages": documents})
    raise typer.Exit(code)


def _command(config: Path, folder: Path, rounds: int, overrides: list[str]) -> str:
    sets = [part for override in overrides for part in ("--set", override)]
    again = ["--rounds", str(rounds)] if rounds > 1 else []
    return shlex.join(["regenesis", "run", str(config), "--run-dir", str(folder), *again, *sets])


def _announce(stage: Stage, rounds: int, *, with_evaluation: bool, as_json: bool) -> None:
    from rich.text import Text

    from regenesis.cli.terminal import console

    kinds = ["synthesize", "train", *(["evaluate"] if with_evaluation else [])]
    where = f"{kinds.index(stage.kind) + 1}/{len(kinds)}"
    heading = f"{where} {_IN_WORDS[stage.kind]}" + (f", round {stage.round} of {rounds}" if rounds > 1 else "")
    watched = console(stderr=as_json)
    watched.print()
    watched.print(Text(f"── {heading} ".ljust(60, "─"), "bold"))
    watched.print()


def _synthesize(stage: Stage, remaining: Remaining, command: str, as_json: bool) -> tuple[Exit, dict[str, Any]]:
    from regenesis.cli.ending import print_ending, report_json
    from regenesis.cli.synthesize import watch_synthesis
    from regenesis.cli.terminal import console

    report = watch_synthesis(stage.config, stage.directory, command, as_json, remaining.config())
    remaining.spend(report.requests_sent, report.prompt_tokens + report.completion_tokens, report.seconds)
    print_ending(console(stderr=as_json), report, command)
    if not report.complete:
        return Exit.UNFINISHED, report_json(report)
    if not report.kept:
        console(stderr=as_json).print("There is nothing to train on, so the loop ends here.")
        return Exit.NOTHING_KEPT, report_json(report)
    return Exit.DONE, report_json(report)


def _train(stage: Stage, _: Remaining, command: str, as_json: bool) -> tuple[Exit, dict[str, Any]]:
    import sys

    from regenesis.cli.launching import launch_training
    from regenesis.training.report import read_record

    # a process of its own, also on this machine's one CPU: what it takes of memory is given back before the next stage
    launch_training(
        stage.directory, stage.config.training, command=command, stdout=sys.stderr.fileno() if as_json else None
    )
    return Exit.DONE, dict(read_record(stage.directory / "model") or {})


def _evaluate(stage: Stage, remaining: Remaining, command: str, as_json: bool) -> tuple[Exit, dict[str, Any]]:
    from regenesis.cli.evaluate import ending_code, watch_evaluation
    from regenesis.cli.evaluation_ending import print_evaluation
    from regenesis.cli.terminal import console
    from regenesis.evaluation.progress import EvaluationProgress
    from regenesis.runs.evaluating import evaluate_run

    progress = EvaluationProgress()
    within = stage.config.model_copy(update={"budget": remaining.config()})
    work = evaluate_run(stage.directory, within, progress=progress)
    report = watch_evaluation(work, progress, str(stage.directory), command, as_json)
    remaining.spend(report.requests_sent, report.prompt_tokens + report.completion_tokens, report.seconds)
    print_evaluation(console(stderr=as_json), report, command)
    return ending_code(report), report.to_json()


_PERFORM = {"synthesize": _synthesize, "train": _train, "evaluate": _evaluate}
