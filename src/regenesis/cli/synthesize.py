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
from regenesis.cli.options import AsJson, ConfigFile, Overrides, Reuse, RunDir, config_to_work_by

if TYPE_CHECKING:
    from regenesis.config import RunConfig
    from regenesis.runs import SynthesisReport


def synthesize_command(
    config: ConfigFile,
    run_dir: RunDir = None,
    overrides: Overrides = None,
    reuse: Reuse = None,
    as_json: AsJson = False,
) -> None:
    """Start or resume a synthesis: from questions to a dataset of verified reasoning paths.

    Rerun with the same config, it continues where it stopped; recorded completions are never requested again. Ctrl-C
    stops it at once and loses nothing.

    \b
    Exit codes:
      0    done
      1    an error
      2    the command line cannot be read
      3    stopped before the end: a budget ran out, or questions were
           set aside because the engine kept failing on them
      4    done, but no paths were kept
      130  interrupted
    """  # noqa: D301 - the command line knows a paragraph to leave alone by that character
    from regenesis.cli.looking_ahead import tell_ahead

    loaded = config_to_work_by(config, overrides)
    folder = run_dir or Path("runs") / config.stem
    tell_ahead(loaded, folder, as_json=as_json)
    command = _command(config, folder, overrides or [], reuse or [])
    report = _watch(loaded, folder, command, as_json, reuse or [])
    raise typer.Exit(_finish(report, command, as_json))


def _command(config: Path, folder: Path, overrides: list[str], reuse: list[Path]) -> str:
    sets = [part for override in overrides for part in ("--set", override)]
    sets += [part for run in reuse for part in ("--reuse", str(run))]
    return shlex.join(["regenesis", "synthesize", str(config), "--run-dir", str(folder), *sets])


def _watch(config: RunConfig, folder: Path, command: str, as_json: bool, reuse: list[Path]) -> SynthesisReport:
    """Runs a synthesis under its display; `command` is how to go on with it."""
    from regenesis.cli.account import print_loaded
    from regenesis.cli.interrupts import run_until_interrupted
    from regenesis.cli.terminal import console
    from regenesis.cli.watching import WatchingSynthesis
    from regenesis.runs import Progress, synthesize

    # with --json, stdout is reserved for the JSON document
    watched, progress = console(stderr=as_json), Progress()
    with WatchingSynthesis(watched, progress, str(folder), command) as watching:
        work = synthesize(
            config,
            folder,
            progress=progress,
            on_loaded=lambda loaded: print_loaded(watched, loaded, config),
            reuse=reuse,
        )
        return run_until_interrupted(work, watching.last_words)


def _finish(report: SynthesisReport, command: str, as_json: bool) -> Exit:
    from regenesis.cli.terminal import console, print_json
    from regenesis.report.terminal import print_view
    from regenesis.report.views.synthesis import synthesis_view

    if as_json:
        print_json(report.to_json())
    else:
        print_view(console(), synthesis_view(report, command))
    if not report.complete:
        return Exit.UNFINISHED
    return Exit.DONE if report.kept else Exit.NOTHING_KEPT
