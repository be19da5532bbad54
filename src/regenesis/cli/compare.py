"""`regenesis compare`: how finished runs compare, question by question.

regenesis compare runs/a runs/b                                     methods are called by their folders
regenesis compare star=runs/s-0 star=runs/s-1 ours=runs/o-0 ours=runs/o-1       two seeds each
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regenesis.cli.options import AsJson
from regenesis.errors import ConfigError


def compare_command(
    targets: Annotated[
        list[str],
        typer.Argument(metavar="[LABEL=]RUN…", help="Finished runs; those of one label are seeds of one method."),
    ],
    baseline: Annotated[
        list[str] | None,
        typer.Option(help="Compare with the best of these methods, by label; repeatable. Default: all other methods."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Also write tables.md, tables.tex, tables.csv and results.json there.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare finished runs: accuracies, and differences from the base model and the best baseline, with 95 % CIs.

    Runs are compared on the questions that all of them have answered. What was not alike is named first.
    """
    from regenesis.cli.terminal import console, print_json
    from regenesis.experiments.after_the_fact import compare_folders
    from regenesis.experiments.writing import comparison_json, write_tables
    from regenesis.report.terminal import print_view
    from regenesis.report.views.comparison import comparison_view

    comparison = compare_folders([_named(target) for target in targets], baselines=baseline)
    if out is not None:
        write_tables(comparison, out)
    if as_json:
        print_json(comparison_json(comparison))
    else:
        print_view(console(), comparison_view(comparison))


def _named(target: str) -> tuple[str | None, Path]:
    """A label, where one is given, and a run's folder."""
    label, separator, folder = target.partition("=")
    if not separator or Path(target).exists():
        return None, Path(target)
    if not label or not folder:
        raise ConfigError(f"{target!r}: give LABEL=RUN, or RUN alone.")
    return label, Path(folder)
