"""`regenesis synthesize`: start or resume a run.

regenesis synthesize config.yaml                              into runs/config
regenesis synthesize config.yaml --run-dir runs/x --set method.keep=3
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from regenesis.cli.exits import Exit
from regenesis.cli.options import AsJson, ConfigFile, Overrides, RunDir, config_to_work_by
from regenesis.errors import LedgerLost, NothingButThoughts, RegenesisError

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.config import BudgetConfig, RunConfig
    from regenesis.runs import Progress, SynthesisReport
    from regenesis.tasks import LoadedQuestions


def synthesize_command(
    config: ConfigFile,
    run_dir: RunDir = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Start or resume a run: from questions to a data set of verified reasoning paths.

    Started again with the same config, a run goes on where it stopped: nothing that a model has answered is asked
    again. Ctrl-C ends it at once and loses nothing.

    \b
    Exit codes:
      0    done
      1    an error
      2    the command line cannot be read
      3    stopped before the end: a budget ran out, or questions were
           set aside because the engine kept failing on them
      4    done, and nothing was kept
      130  interrupted
    """  # noqa: D301 - the command line knows a paragraph to leave alone by that character
    from regenesis.cli.looking_ahead import look_ahead

    loaded = config_to_work_by(config, overrides)
    folder = run_dir or Path("runs") / config.stem
    if loaded.training.model is not None:  # said in the config, so it is to be trained
        look_ahead(loaded, folder, trains=False, as_json=as_json)
    command = _command(config, folder, overrides or [])
    report = watch_synthesis(loaded, folder, command, as_json)
    raise typer.Exit(_finish(report, command, as_json))


def _command(config: Path, folder: Path, overrides: list[str]) -> str:
    sets = [part for override in overrides for part in ("--set", override)]
    return shlex.join(["regenesis", "synthesize", str(config), "--run-dir", str(folder), *sets])


def watch_synthesis(
    config: RunConfig, folder: Path, command: str, as_json: bool, budget: BudgetConfig | None = None
) -> SynthesisReport:
    """Runs a synthesis under its display; `command` is how to go on with it, `budget` what other stages have left."""
    from regenesis.cli.account import print_account
    from regenesis.cli.display import display_for
    from regenesis.cli.interrupts import run_until_interrupted
    from regenesis.cli.terminal import console
    from regenesis.runs import Progress, synthesize
    from regenesis.synthesis.inputs import method_of

    # standard output belongs to the document where one is asked for
    watched, progress = console(stderr=as_json), Progress()
    display = display_for(watched, progress, str(folder))

    def last_words() -> None:
        display.__exit__(None, None, None)
        _say_how_to_go_on(watched, progress, command)

    def say_what_was_read(loaded: LoadedQuestions) -> None:
        print_account(
            watched, loaded.counts, loaded.set_aside, method_of(config.method, config.answering).votes, loaded.notes
        )

    work = synthesize(config, folder, progress=progress, budget=budget, on_loaded=say_what_was_read)
    with display:
        try:
            return run_until_interrupted(work, last_words)
        except RegenesisError as error:
            if progress.sampler is not None and not isinstance(error, LedgerLost | NothingButThoughts):
                error.add_note(f"What the model has answered is recorded. Go on with:\n  {command}")
            raise


def _say_how_to_go_on(watched: Console, progress: Progress, command: str) -> None:
    done = f" ({progress.finished:,} of {progress.questions:,} questions are finished)" if progress.questions else ""
    watched.print(f"Interrupted. Nothing is lost: every answer that came is recorded{done}. Go on with:")
    watched.print(f"  {command}", soft_wrap=True)


def _finish(report: SynthesisReport, command: str, as_json: bool) -> Exit:
    from regenesis.cli.ending import print_ending, report_json
    from regenesis.cli.terminal import console, print_json

    if as_json:
        print_json(report_json(report))
    else:
        print_ending(console(), report, command)
    if not report.complete:
        return Exit.UNFINISHED
    return Exit.DONE if report.kept else Exit.NOTHING_KEPT
