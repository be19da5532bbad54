"""A table as comma-separated values, for spreadsheets and for other programs.

csv_text(figures_table(comparison))
"""

from __future__ import annotations

import csv
import io
import re

from regenesis.report.blocks import Table
from regenesis.report.text import neutralise

_FORMULA = re.compile(r"[=+\-@\t]")
"""What a cell begins with that a spreadsheet takes for a formula."""
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*(e[+-]?[0-9]+)?", re.IGNORECASE)


def csv_text(table: Table) -> str:
    """The table with its headings in the first line."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow([_cell(f"{one.group} {one.heading}".strip()) for one in table.columns])
    for cells in table.cells():
        rows.writerow([_cell(cell.text) for cell in cells])
    if table.totals:
        rows.writerow([_cell(text) for text in [*table.totals, *[""] * (len(table.columns) - len(table.totals))]])
    return written.getvalue()


def _cell(text: str) -> str:
    text = neutralise(text)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
