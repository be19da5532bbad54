"""`regenesis synthesize`: start or resume a run.

regenesis synthesize config.yaml                              into runs/config
regenesis synthesize config.yaml --run-dir runs/x --set method.keep=3
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import typer

from regenesis.cli.exits import Exit
from regenesis.cli.options import (
    AsJson,
    ConfigFile,
    OnCluster,
    Overrides,
    Reuse,
    RunDir,
    Scratch,
    ShardOf,
    Shards,
    config_to_work_by,
)

if TYPE_CHECKING:
    from regenesis.config import RunConfig
    from regenesis.runs import SynthesisReport
    from regenesis.synthesis.sharding import Shard


def synthesize_command(
    config: ConfigFile,
    run_dir: RunDir = None,
    overrides: Overrides = None,
    reuse: Reuse = None,
    shard: ShardOf = None,
    scratch: Scratch = None,
    on: OnCluster = None,
    shards: Shards = 16,
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
    from regenesis.errors import ConfigError

    if on is not None and (shard is not None or reuse):
        raise ConfigError("--on: divides the questions by itself; it cannot be given with --shard or --reuse.")
    loaded = config_to_work_by(config, overrides)
    folder = run_dir or Path("runs") / config.stem
    share = _share(shard, scratch)
    tell_ahead(loaded, folder, as_json=as_json)
    command = _command(config, folder, overrides or [], reuse or [], share)
    if on is not None:
        raise typer.Exit(_on_cluster(loaded, folder, on, shards, command, as_json))
    report = _watch(loaded, folder, command, as_json, reuse or [], share)
    raise typer.Exit(finish(report, command, as_json))


def _on_cluster(config: RunConfig, folder: Path, on: str, shards: int, command: str, as_json: bool) -> Exit:
    from regenesis.cli.terminal import console
    from regenesis.errors import ConfigError
    from regenesis.runs.on_ray import ShardEnd, synthesize_on_ray

    if on != "ray" and not on.startswith("ray://"):
        raise ConfigError(f"--on {on!r}: choose ray, or the address of a cluster such as ray://head:10001.")
    told = console(stderr=True)

    def tell(end: ShardEnd) -> None:
        why = f"; {end.error}" if end.error else ""
        told.print(f"shard {end.shard}: {end.finished:,} of {end.questions:,} questions finished{why}", markup=False)

    address = on if on != "ray" else None
    report = synthesize_on_ray(config, folder, shards=shards, address=address, told=tell)
    return finish(report, f"{command} --on {on} --shards {shards}", as_json)


Share: TypeAlias = "tuple[Shard, Path | None]"
"""A shard of the questions, and where to work on it."""


def _share(shard: str | None, scratch: Path | None) -> Share | None:
    from regenesis.errors import ConfigError
    from regenesis.synthesis.sharding import Shard

    if shard is None:
        if scratch is not None:
            raise ConfigError("--scratch: is where a shard works; give --shard I/N with it.")
        return None
    return Shard.parse(shard), scratch


def _command(config: Path, folder: Path, overrides: list[str], reuse: list[Path], share: Share | None) -> str:
    sets = [part for override in overrides for part in ("--set", override)]
    sets += [part for run in reuse for part in ("--reuse", str(run))]
    if share is not None:
        shard, scratch = share
        sets += ["--shard", f"{shard.number}/{shard.count}", *(["--scratch", str(scratch)] if scratch else [])]
    return shlex.join(["regenesis", "synthesize", str(config), "--run-dir", str(folder), *sets])


def _watch(
    config: RunConfig, folder: Path, command: str, as_json: bool, reuse: list[Path], share: Share | None
) -> SynthesisReport:
    """Runs a synthesis under its display; `command` is how to go on with it."""
    from regenesis.cli.account import print_loaded
    from regenesis.cli.interrupts import run_until_interrupted
    from regenesis.cli.terminal import console
    from regenesis.cli.watching import WatchingSynthesis
    from regenesis.runs import Progress, synthesize
    from regenesis.synthesis.sharding import synthesize_shard

    # with --json, stdout is reserved for the JSON document
    watched, progress = console(stderr=as_json), Progress()
    options: dict[str, Any] = {
        "progress": progress,
        "on_loaded": lambda loaded: print_loaded(watched, loaded, config),
        "reuse": reuse,
    }
    with WatchingSynthesis(watched, progress, str(folder), command) as watching:
        if share is None:
            work = synthesize(config, folder, **options)
        else:
            work = synthesize_shard(config, folder, share[0], scratch=share[1], **options)
        return run_until_interrupted(work, watching.last_words)


def finish(report: SynthesisReport, command: str, as_json: bool) -> Exit:
    """Prints how a synthesis ended; gives the exit code."""
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
