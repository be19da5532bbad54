r"""Views in LaTeX: tables with booktabs rules, and sentences under them.

latex(comparison_view(comparison))      # \input{tables} in a document that loads booktabs

A group becomes one float: its first strong note is the caption, its other notes stand below the table. Whatever a name
holds is typeset, never obeyed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from regenesis.report.blocks import Block, Cell, Column, Facts, Note, Table, Tone, View
from regenesis.report.text import neutralise

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": "$<$",
    ">": "$>$",
    "`": r"\textasciigrave{}",
    # after the end of a row, these two would be read as arguments of it
    "[": "{[}",
    "*": "{*}",
    "−": "$-$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "→": r"$\to$",
    "×": r"$\times$",
    "·": r"$\cdot$",
}
_TO_ESCAPE = re.compile("|".join(re.escape(character) for character in _SPECIAL) + "|-(?=-)|'(?=')|[?!](?=`)")
_FACES: dict[Tone, str] = {
    "strong": "textbf",
    "good": "textbf",
    "bad": "textit",
    "warning": "textit",
}
_WIDE = "p{0.4\\linewidth}"
"""Type of a column whose cells may take several lines."""


def latex(view: View) -> str:
    """A view in LaTeX."""
    text = "\n\n".join(part for part in map(_group, view) if part)
    return f"% needs \\usepackage{{booktabs}}\n\n{text}\n"


def escaped(text: str) -> str:
    """A text as LaTeX typesets it, on one line."""
    return _TO_ESCAPE.sub(_escape, " ".join(neutralise(text).split()))


def _escape(match: re.Match[str]) -> str:
    # a pair of hyphens, quotes or the like would be drawn together into one sign
    return _SPECIAL.get(match[0], match[0] + "{}")


def _group(blocks: Sequence[Block]) -> str:
    if not any(isinstance(block, Table) for block in blocks):
        return "\n\n".join(_outside(block) for block in blocks)
    title = next((block for block in blocks if isinstance(block, Note) and block.tone == "strong"), None)
    caption = [] if title is None else [f"\\caption{{{_sentence(title, plain=True)}}}"]
    parts = [_tabular(block) if isinstance(block, Table) else _below(block) for block in blocks if block is not title]
    return "\n".join(["\\begin{table}", "\\centering\\footnotesize", *caption, *parts, "\\end{table}"])


def _outside(block: Block) -> str:
    if isinstance(block, Facts):
        return _facts(block)
    if isinstance(block, Table):
        return _tabular(block)
    items = [f"\\item {escaped(line)}" for line in block.details]
    return "\n".join([_sentence(block), *(["\\begin{itemize}", *items, "\\end{itemize}"] if items else [])])


def _below(block: Block) -> str:
    return f"\n{{\\footnotesize {_outside(block)}\\par}}"


def _sentence(note: Note, *, plain: bool = False) -> str:
    text = escaped(note.text) if plain else _toned(Cell(note.text, note.tone))
    return f"{text} {escaped(note.aside)}" if note.aside else text


def _facts(facts: Facts) -> str:
    rows = [f"{escaped(name)} & {escaped(value)} \\\\" for name, value in facts.rows]
    return "\n".join([f"\\begin{{tabular}}{{l{_WIDE}}}", *rows, "\\end{tabular}"])


def _tabular(table: Table) -> str:
    kinds = "".join("r" if column.right else _WIDE if column.wraps else "l" for column in table.columns)
    lines = [f"\\begin{{tabular}}{{{kinds}}}", "\\toprule"]
    if not table.bare:
        lines += [*_headings(table.columns), "\\midrule"]
    lines += [_row(cells) for cells in table.cells()]
    if table.totals:
        filled = [*table.totals, *[""] * (len(table.columns) - len(table.totals))]
        lines += ["\\midrule", _row([Cell(text, "strong") for text in filled])]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"])


def _headings(columns: Sequence[Column]) -> Iterator[str]:
    if any(column.group for column in columns):
        cells, rules, place = [], [], 1
        for group, members in groupby(columns, lambda column: column.group):
            width = len(list(members))
            cells.append(f"\\multicolumn{{{width}}}{{c}}{{{escaped(group)}}}")
            if group:
                rules.append(f"\\cmidrule(lr){{{place}-{place + width - 1}}}")
            place += width
        yield f"{' & '.join(cells)} \\\\"
        yield " ".join(rules)
    yield _row([Cell(column.heading) for column in columns])


def _row(cells: Sequence[Cell]) -> str:
    return f"{' & '.join(map(_toned, cells))} \\\\"


def _toned(cell: Cell) -> str:
    text, face = escaped(cell.text), _FACES.get(cell.tone)
    return f"\\{face}{{{text}}}" if face and text else text
