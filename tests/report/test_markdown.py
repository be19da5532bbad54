from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.report.blocks import Cell, Column, Facts, Note, Table
from regenesis.report.markdown import Markdown, cell, markdown, table


@given(st.lists(st.text() | st.integers() | st.none(), min_size=2, max_size=2))
def test_a_cell_never_breaks_its_table(row: list[Any]) -> None:
    lines = table(("a", "b"), [row]).split("\n")
    assert len(lines) == 3
    assert all(line.replace("\\\\", "").replace("\\|", "").count("|") == 3 for line in lines)


MARKUP = [
    ("![x](http://a.example/t.png)", "\\!\\[x\\](http&#58;//a.example/t.png)"),
    ("[y](javascript:alert(1))", "\\[y\\](javascript:alert(1))"),
    ("\x1b[31mred", "\\\\x1b\\[31mred"),
    ("turned \u202e round", "turned \\\\u202e round"),
    ("**bold** and _so_", "\\*\\*bold\\*\\* and \\_so\\_"),
    ("arc_challenge", "arc_challenge"),
    ("# title", "\\# title"),
    ("1. item", "1\\. item"),
    ("a & b &#91;", "a &amp; b &amp;#91;"),
    (Markdown("**worse**"), "**worse**"),
]


@pytest.mark.parametrize(("value", "shown"), MARKUP)
def test_markup_in_a_name_is_shown_as_it_stands(value: str, shown: str) -> None:
    assert cell(value) == shown


def test_a_cell_shows_markup_rather_than_being_it() -> None:
    assert cell({"a": ["<b>", "x|y"], "c": None}) == "a = &lt;b>, x\\|y, c = –"


def test_a_view_is_rendered_block_by_block() -> None:
    columns = [Column("task"), Column("at most", group="calls", right=True)]
    table_of_calls = Table(columns, [["a|b", Cell("0", "bad")], ["c"]], totals=["all", "0"])
    view = [[Note("Two *tasks*.", details=["a < b"])], [], [table_of_calls, Facts([("seed", "7")])]]
    assert markdown(view) == (
        "Two \\*tasks\\*.\n\n- a &lt; b\n\n"
        "| task | calls, at most |\n| --- | --- |\n| a\\|b | **0** |\n| c |  |\n| **all** | **0** |\n\n"
        "| what | value |\n| --- | --- |\n| seed | 7 |"
    )
