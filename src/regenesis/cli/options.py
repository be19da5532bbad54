"""Arguments and options that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenesis.config import RunConfig

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="The run's YAML config file.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Override a config field, e.g. method.keep=3, tasks.0.limit=10 or preset=quick. Repeatable.",
        show_default=False,
    ),
]
RunDir = Annotated[
    Path | None,
    typer.Option("--run-dir", help="The run folder; default runs/<config file name>."),
]
Reuse = Annotated[
    list[Path] | None,
    typer.Option(
        "--reuse",
        metavar="RUN",
        help="Take over the completions of equal requests that this run has recorded. Repeatable.",
        show_default=False,
    ),
]
ShardOf = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Only the I-th of N shares of the questions; `merge` joins them."),
]
Scratch = Annotated[
    Path | None,
    typer.Option("--scratch", help="With --shard: a folder on this machine's own disk to work in."),
]
Segments = Annotated[
    str | None,
    typer.Option(
        "--segments",
        metavar="FOLDER",
        help="Where shards seal what they record, if not in the run's folder: shared storage or s3://bucket/x.",
    ),
]
OnCluster = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="ray",
        help="Divide the questions over a Ray cluster: ray (the one this machine is in) or ray://head:10001.",
    ),
]
Shards = Annotated[int, typer.Option("--shards", min=1, help="With --on: number of shards.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def config_to_work_by(file: Path, overrides: Sequence[str] | None) -> RunConfig:
    """Loads the config that a user names, for a command that acts on it.

    Raises:
        ConfigError: It is not valid.
        RunError: It is that of a run's folder from elsewhere, and names a program, a server, a key or files outside.
    """
    from regenesis.config import load_config, written_by_a_run
    from regenesis.store.directory import RunDirectory
    from regenesis.store.trust import require_known_code, require_trust

    said, came_along = overrides or (), written_by_a_run(file)
    if came_along:
        require_known_code(file, RunDirectory(file.parent).config_text() or "", said)
    config = load_config(file, said)
    if came_along:
        require_trust(file, config, said)
    return config
