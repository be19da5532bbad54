from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.report.blocks import Cell, Column, Table
from regenesis.report.csv import csv_text


def test_headings_rows_and_totals_are_lines() -> None:
    columns = [Column("task"), Column("at most", "calls", right=True)]
    table = Table(columns, [["a,b", Cell("1", "bad")], ['say "c"']], totals=["all", "1"])
    assert csv_text(table) == 'task,calls at most\n"a,b",1\n"say ""c""",\nall,1\n'


CELLS = [
    ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("+1+cmd", "'+1+cmd"),
    ("-0.25", "-0.25"),
    ("+1.5e-7", "+1.5e-7"),
    ("\x1b[31m", "\\x1b[31m"),
]


@pytest.mark.parametrize(("cell", "written"), CELLS)
def test_a_spreadsheet_takes_no_text_for_a_formula(cell: str, written: str) -> None:
    assert csv_text(Table([Column("a")], [[cell]])) == f"a\n{written}\n"


@given(st.lists(st.text(st.characters(blacklist_categories=["C", "Z"])), min_size=2, max_size=2))
def test_every_row_is_read_back_as_one(cells: list[str]) -> None:
    rows = list(csv.reader(io.StringIO(csv_text(Table([Column("a"), Column("b")], [cells])))))
    assert [len(row) for row in rows] == [2, 2]
