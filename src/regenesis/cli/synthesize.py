"""`regenesis synthesize`: start or resume a run.

regenesis synthesize config.yaml                              into runs/config
regenesis synthesize config.yaml --run-dir runs/x --set method.keep=3
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    Segments,
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
    segments: Segments = None,
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
      130  interrupted; 143 by SIGTERM: a shard seals first
    """  # noqa: D301 - the command line knows a paragraph to leave alone by that character
    from regenesis.cli.looking_ahead import tell_ahead
    from regenesis.errors import ConfigError

    if on is not None and (shard is not None or reuse):
        raise ConfigError("--on: divides the questions by itself; it cannot be given with --shard or --reuse.")
    loaded = config_to_work_by(config, overrides)
    folder = run_dir or Path("runs") / config.stem
    share = _share(shard, scratch, segments, on)
    tell_ahead(loaded, folder, as_json=as_json)
    command = _command(config, folder, overrides or [], reuse or [], share)
    if on is not None:
        whole = shlex.join([*shlex.split(command), "--on", on, "--shards", str(shards), *_sealing_into(segments)])
        raise typer.Exit(finish(_on_cluster(loaded, folder, on, shards, segments, whole, as_json), whole, as_json))
    report = _watch(loaded, folder, command, as_json, reuse or [], share)
    raise typer.Exit(finish(report, command, as_json))


def _on_cluster(
    config: RunConfig, folder: Path, on: str, shards: int, segments: str | None, command: str, as_json: bool
) -> SynthesisReport:
    from regenesis.cli.cluster_display import SEALING_SECONDS, WatchingCluster
    from regenesis.cli.interrupts import run_until_interrupted
    from regenesis.cli.terminal import console
    from regenesis.runs.cluster import ClusterProgress, address_of
    from regenesis.runs.on_ray import synthesize_on_ray_async

    progress = ClusterProgress()
    with WatchingCluster(console(stderr=as_json), progress, str(folder), command) as watching:
        work = synthesize_on_ray_async(
            config,
            folder,
            shards=shards,
            address=address_of(on),
            segments=segments,
            progress=progress,
        )
        return run_until_interrupted(work, watching.last_words, SEALING_SECONDS)


@dataclass(frozen=True, slots=True)
class Share:
    """A shard of the questions, where to work on it and where to seal it."""

    shard: Shard
    scratch: Path | None
    segments: str | None

    def options(self) -> list[str]:
        """How the command line says it."""
        scratch = ["--scratch", str(self.scratch)] if self.scratch else []
        return ["--shard", f"{self.shard.number}/{self.shard.count}", *scratch, *_sealing_into(self.segments)]


def _sealing_into(segments: str | None) -> list[str]:
    return ["--segments", segments] if segments is not None else []


def _share(shard: str | None, scratch: Path | None, segments: str | None, on: str | None) -> Share | None:
    from regenesis.errors import ConfigError
    from regenesis.synthesis.sharding import Shard

    if shard is not None:
        return Share(Shard.parse(shard), scratch, segments)
    if scratch is not None:
        raise ConfigError("--scratch: is where a shard works; give --shard I/N with it.")
    if segments is not None and on is None:
        raise ConfigError("--segments: is where shards seal what they record; give --shard I/N or --on ray with it.")
    return None


def _command(config: Path, folder: Path, overrides: list[str], reuse: list[Path], share: Share | None) -> str:
    sets = [part for override in overrides for part in ("--set", override)]
    sets += [part for run in reuse for part in ("--reuse", str(run))]
    sets += share.options() if share is not None else []
    return shlex.join(["regenesis", "synthesize", str(config), "--run-dir", str(folder), *sets])


def _watch(
    config: RunConfig, folder: Path, command: str, as_json: bool, reuse: list[Path], share: Share | None
) -> SynthesisReport:
    """Runs a synthesis under its display; `command` is how to go on with it."""
    from regenesis.cli.account import print_loaded
    from regenesis.cli.cluster_display import SEALING_SECONDS
    from regenesis.cli.interrupts import run_until_interrupted
    from regenesis.cli.terminal import console
    from regenesis.cli.watching import WatchingSynthesis
    from regenesis.runs import Progress, RunDirectory, synthesize
    from regenesis.synthesis.sharding import synthesize_shard

    # with --json, stdout is reserved for the JSON document
    watched, progress = console(stderr=as_json), Progress()
    options: dict[str, Any] = {
        "progress": progress,
        "on_loaded": lambda loaded: print_loaded(watched, loaded, RunDirectory(folder).as_begun(config)),
        "reuse": reuse,
    }
    with WatchingSynthesis(watched, progress, str(folder), command) as watching:
        if share is None:
            return run_until_interrupted(synthesize(config, folder, **options), watching.last_words)
        work = synthesize_shard(config, folder, share.shard, scratch=share.scratch, segments=share.segments, **options)
        return run_until_interrupted(work, watching.last_words, SEALING_SECONDS)


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
