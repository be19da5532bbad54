"""`regenesis analyze`: what lies behind the figures of a comparison.

regenesis analyze runs/a runs/b --out analysis          CSV files, and changes.parquet with the answers side by side
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regenesis.cli.options import AsJson


def analyze_command(
    targets: Annotated[list[str], typer.Argument(metavar="[LABEL=]RUN…", help="Finished runs, as in `compare`.")],
    out: Annotated[Path | None, typer.Option(help="Write the tables as CSV and all answers as Parquet there.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what lies behind a comparison: yields by guideline and task, unhinted and hinted chains, diversity of the
    rows, what training won and lost, failures by kind of question, costs, and what methods solve alike.
    """
    from regenesis.cli.compared import chosen
    from regenesis.cli.terminal import console, print_json
    from regenesis.experiments.analysis import analyze, changes
    from regenesis.experiments.analysis.writing import analysis_json, write_analysis
    from regenesis.report.terminal import print_view
    from regenesis.report.views.analysis import analysis_view

    comparison = chosen(targets)
    analysis = analyze(comparison, changes(comparison.runs)) if out is None else write_analysis(comparison, out)
    if as_json:
        print_json(analysis_json(analysis))
    else:
        print_view(console(), analysis_view(analysis))
