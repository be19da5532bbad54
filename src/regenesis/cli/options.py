"""Arguments and options that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="The run's config, a YAML file.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set a field of the config, such as method.keep=3, tasks.0.limit=10 or preset=quick. May be repeated.",
        show_default=False,
    ),
]
RunDir = Annotated[
    Path | None,
    typer.Option("--run-dir", help="The run's folder; runs/<name of the config file> if left out."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
