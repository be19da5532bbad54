"""`regenesis analyze`: what lies behind the figures of a comparison.

regenesis analyze experiments/x                         and files in experiments/x/analysis
regenesis analyze runs/a runs/b --out analysis          CSV files, and changes.parquet with the answers side by side
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regenesis.cli.options import AsJson


def analyze_command(
    targets: Annotated[
        list[str],
        typer.Argument(metavar="EXPERIMENT | [LABEL=]RUN…", help="An experiment's folder, or runs, as in `compare`."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the tables as CSV and all answers as Parquet there; of an experiment, by default to "
            "`analysis` in its folder.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what lies behind a comparison: yields by guideline and task, unhinted and hinted chains, diversity of the
    rows, what training won and lost, failures by kind of question, costs, and what methods solve alike.
    """
    from regenesis.cli.compared import chosen, experiment_folder
    from regenesis.cli.terminal import console, print_json
    from regenesis.experiments.analysis import analyze, changes
    from regenesis.experiments.analysis.writing import analysis_json, write_analysis
    from regenesis.report.terminal import print_view
    from regenesis.report.views.analysis import analysis_view

    comparison, experiment = chosen(targets), experiment_folder(targets)
    if out is None and experiment is not None:
        out = experiment / "analysis"
    analysis = analyze(comparison, changes(comparison.runs)) if out is None else write_analysis(comparison, out)
    if as_json:
        print_json(analysis_json(analysis))
    else:
        print_view(console(), analysis_view(analysis))
