from __future__ import annotations

import pytest

from regenesis.report.blocks import Cell, Column, Facts, Note, Table
from regenesis.report.html import element, escaped, html

HOSTILE = {
    "a script": ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    "a closing tag": ("</td></table><h1>", "&lt;/td&gt;&lt;/table&gt;&lt;h1&gt;"),
    "an entity": ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
    "quotes": ("\"x\" onclick='y'", "&quot;x&quot; onclick=&#x27;y&#x27;"),
    "a direction override": ("a\u202eb", "a\\u202eb"),
    "control characters": ("a\x00\x1b[31mb", "a\\x00\\x1b[31mb"),
    "a lone surrogate": ("a\ud800b", "a\\ud800b"),
}


@pytest.mark.parametrize(("text", "markup"), HOSTILE.values(), ids=HOSTILE)
def test_text_is_shown_and_not_obeyed(text: str, markup: str) -> None:
    assert escaped(text) == markup
    view = [[Note(text, aside=text, details=[text])], [Facts([(text, text)])], [Table([Column(text)], [[text]])]]
    shown = html(view)
    assert shown.count(markup) >= 7
    assert text not in shown


@pytest.mark.parametrize(("text", "markup"), HOSTILE.values(), ids=HOSTILE)
def test_a_value_does_not_leave_its_attribute(text: str, markup: str) -> None:
    assert element("p", title=text) == f'<p title="{markup}"></p>'


def test_an_attribute_is_written_as_html_calls_it() -> None:
    assert element("td", class_="a", data_by="b", hidden=True, open=False) == '<td class="a" data-by="b" hidden></td>'


def test_a_table_says_which_columns_hold_figures_and_how_cells_are_meant() -> None:
    table = Table([Column("task"), Column("kept", right=True)], [["sums", Cell("0", "bad")], ["more"]], totals=["all"])
    shown = html([[table]])
    assert '<th scope="col" class="right">kept</th>' in shown
    assert '<td class="right bad">0</td>' in shown
    assert '<td class="right plain"></td></tr><tr><td class="strong">all</td>' in shown


def test_columns_of_one_group_stand_under_its_name() -> None:
    columns = [Column("method"), Column("new", "tokens"), Column("trained", "tokens")]
    assert '<th colspan="2" scope="colgroup" class="group">tokens</th>' in html([[Table(columns, [["a", "1", "2"]])]])


def test_a_table_brings_its_figures_as_csv() -> None:
    assert 'data-csv="task,kept\n&#x27;=cmd(),3\n"' in html(
        [[Table([Column("task"), Column("kept")], [["=cmd()", "3"]])]]
    )


def test_a_table_without_rows_is_nothing() -> None:
    assert html([[Table([Column("task")], [])]]) == ""
