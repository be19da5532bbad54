from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.report.blocks import Block, Cell, Column, Facts, Note, Table
from regenesis.report.latex import escaped, latex

TEXTS = [
    ("arc_challenge", r"arc\_challenge"),
    ("95 % & more", r"95 \% \& more"),
    (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
    ("$x^2$ #1 ~", r"\$x\textasciicircum{}2\$ \#1 \textasciitilde{}"),
    ("^^41", r"\textasciicircum{}\textasciicircum{}41"),
    ("−1.3 to +4.0", "$-$1.3 to +4.0"),
    ("<0.001", "$<$0.001"),
    ("81.2–93.0 …", r"81.2--93.0 \ldots{}"),
    ("a -- b --- c", "a -{}- b -{}-{}- c"),
    ("[1] * [2]", "{[}1] {*} {[}2]"),
    ("``quoted''", r"\textasciigrave{}\textasciigrave{}quoted'{}'"),
    ("two\nlines", "two lines"),
    ("\x1b[31mred", r"\textbackslash{}x1b{[}31mred"),
    ("naïve 日本", "naïve 日本"),
]


@pytest.mark.parametrize(("text", "shown"), TEXTS)
def test_a_text_is_typeset_rather_than_obeyed(text: str, shown: str) -> None:
    assert escaped(text) == shown


@given(st.text())
def test_no_text_opens_a_group_or_starts_a_command_of_its_own(text: str) -> None:
    shown = escaped(text)
    known = r"\\(text\w+|ldots|leq|geq|to|times|cdot)(?=\{\}|\$)|\\[{}&%$#_]"
    rest = re.sub(known, "", shown)
    assert "\\" not in rest
    assert not re.search(r"[&%#_~^]", rest)
    assert rest.count("{") == rest.count("}")
    assert rest.count("$") % 2 == 0


NUMBERS = Table(
    [Column("task"), Column("base", "right, %", right=True), Column("tuned", "right, %", right=True)],
    [["a_b", "1", Cell("2", "good")], ["c"]],
    totals=["all", "1", "2"],
)


def test_a_group_with_a_table_becomes_a_float_with_its_title_as_caption() -> None:
    group: list[Block] = [Note("Results: 50 %", "strong"), NUMBERS, Note("Few questions.", "quiet")]
    assert latex([group]).splitlines() == [
        "% needs \\usepackage{booktabs}",
        "",
        "\\begin{table}",
        "\\centering\\footnotesize",
        "\\caption{Results: 50 \\%}",
        "\\begin{tabular}{lrr}",
        "\\toprule",
        "\\multicolumn{1}{c}{} & \\multicolumn{2}{c}{right, \\%} \\\\",
        "\\cmidrule(lr){2-3}",
        "task & base & tuned \\\\",
        "\\midrule",
        "a\\_b & 1 & \\textbf{2} \\\\",
        "c &  &  \\\\",
        "\\midrule",
        "\\textbf{all} & \\textbf{1} & \\textbf{2} \\\\",
        "\\bottomrule",
        "\\end{tabular}",
        "",
        "{\\footnotesize Few questions.\\par}",
        "\\end{table}",
    ]


def test_what_stands_without_a_table_is_plain_text() -> None:
    shown = latex([[Note("One.", aside="aside", details=["a_b"])], [], [Facts([("seed", "7 %")])]])
    assert shown.splitlines()[2:] == [
        "One. aside",
        "\\begin{itemize}",
        "\\item a\\_b",
        "\\end{itemize}",
        "",
        "\\begin{tabular}{lp{0.4\\linewidth}}",
        "seed & 7 \\% \\\\",
        "\\end{tabular}",
    ]


def test_a_table_without_headings_has_none() -> None:
    assert "stage" not in latex([[Table([Column("stage")], [["chains"]], bare=True)]])
