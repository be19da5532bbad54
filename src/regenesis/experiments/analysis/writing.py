"""An analysis on disk: a CSV file for each question asked, and all answers before and after training as Parquet.

analysis = write_analysis(comparison, "experiments/x/analysis")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from regenesis.errors import RunError
from regenesis.experiments.analysis import Analysis, Change, analyze, changes
from regenesis.experiments.comparing import Comparison
from regenesis.report.blocks import Column, Table
from regenesis.report.csv import csv_text
from regenesis.report.markdown import markdown
from regenesis.report.views.analysis import analysis_view
from regenesis.store.directory import write_whole
from regenesis.store.tables import TableWriter
from regenesis.types import storable

CHANGES = "changes.parquet"
_WHOLE_NUMBERS, _SHARES = ("seed",), ("base_share", "tuned_share")


def write_analysis(comparison: Comparison, folder: str | Path) -> Analysis:
    """Analyses a comparison and writes what it comes to, each file whole or not at all.

    Raises:
        RunError: Something that a run holds is damaged, or a file cannot be written.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{target}: cannot be made ({error.strerror}). Choose another folder.") from error
    with _written(target / CHANGES, changes(comparison.runs)) as changed:
        analysis = analyze(comparison, changed)
    for name, rows in tables(analysis).items():
        write_whole(target / f"{name}.csv", csv_text(_table(rows)))
    write_whole(target / "analysis.md", storable(markdown(analysis_view(analysis))) + "\n")
    return analysis


def tables(analysis: Analysis) -> dict[str, Sequence[Any]]:
    """The rows of an analysis, by name."""
    return {field.name: getattr(analysis, field.name) for field in fields(analysis)}


def analysis_json(analysis: Analysis) -> dict[str, Any]:
    """The same as plain JSON types."""
    return {name: [asdict(row) for row in rows] for name, rows in tables(analysis).items()}


def _table(rows: Sequence[Any]) -> Table:
    names = [field.name for field in fields(rows[0]) if field.name != "examples"] if rows else []
    return Table([Column(name) for name in names], [[_plain(getattr(row, name)) for name in names] for row in rows])


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else storable(str(value))


@contextmanager
def _written(path: Path, some: Iterable[Change]) -> Iterator[Iterator[Change]]:
    """The changes, each written as it is taken; the file is whole once all are."""
    import pyarrow

    types = {name: pyarrow.int64() for name in _WHOLE_NUMBERS} | {name: pyarrow.float64() for name in _SHARES}
    writer = TableWriter(path, [(field.name, types.get(field.name, pyarrow.string())) for field in fields(Change)])

    def taken() -> Iterator[Change]:
        for change in some:
            row = asdict(change)
            writer.add({name: storable(value) if isinstance(value, str) else value for name, value in row.items()})
            yield change

    try:
        yield taken()
        writer.finish()
    finally:
        writer.abandon()
