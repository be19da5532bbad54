"""Views on a terminal.

print_view(console, synthesis_view(report, command))
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from regenesis.report.blocks import Block, Facts, Note, Table, Tone, View
from regenesis.report.text import in_a_line, neutralise

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table as RichTable

_STYLES: dict[Tone, str] = {
    "plain": "",
    "quiet": "dim",
    "strong": "bold",
    "good": "bold green",
    "bad": "bold red",
    "warning": "bold yellow",
    "caution": "yellow",
}
_LONGEST_CELL = 400
_LEAST_FILLED = 12
"""Characters of a column that fills the room left, at least."""
_NAMES = 14
"""Characters that names of facts take at least with the room behind them, so that those of several groups line up."""


def print_view(console: Console, view: View) -> None:
    """Prints a view, an empty line between its groups."""
    shown = [group for group in view if group]
    for number, group in enumerate(shown):
        if number:
            console.print()
        for block in group:
            _print_block(console, block)


def rich_table(table: Table, width: int) -> RichTable:
    """A table as rich draws it, in the form that loses least and still fits into so many columns."""
    for gap, clipped in ((2, False), (2, True)):
        if _width(table, gap, clipped=clipped) <= width:
            return _drawn(table, gap, clipped=clipped)
    return _drawn(table, 1, clipped=True)


def _print_block(console: Console, block: Block) -> None:
    if isinstance(block, Table):
        console.print(rich_table(block, console.width))
    elif isinstance(block, Note):
        console.print(_note(block))
        for line in block.details:
            console.print(f"  {neutralise(line)}", soft_wrap=True)
    elif block.copied:
        width = max([_NAMES, *(len(name) + 2 for name, _ in block.rows)])
        for name, value in block.rows:
            # a line that the terminal itself wraps is still one line where it is copied from
            console.print(f"{neutralise(name):<{width}}{neutralise(value)}", soft_wrap=True)
    else:
        console.print(_grid(block))


def _note(note: Note) -> RenderableType:
    from rich.text import Text

    parts = [(neutralise(note.text), _STYLES[note.tone])]
    if note.aside:
        parts.append((f"  {neutralise(note.aside)}", _STYLES["quiet"]))
    return Text.assemble(*parts)


def _grid(facts: Facts) -> RichTable:
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable.grid(padding=(0, 2))
    grid.add_column(style=_STYLES["quiet"], no_wrap=True, min_width=_NAMES - 2)
    grid.add_column()
    for name, value in facts.rows:
        grid.add_row(Text(neutralise(name)), Text(neutralise(value)))
    return grid


def _width(table: Table, gap: int, *, clipped: bool) -> int:
    """Columns of a terminal that a table takes at least."""
    from rich.cells import cell_len

    rows = [[] if table.bare else _headings(table), [*table.totals], *_texts(table, clipped=clipped)]
    widths = [0] * len(table.columns)
    for row in rows:
        for place, text in enumerate(row):
            column = table.columns[place]
            pieces = text.split() if column.wraps else text.split("\n")
            most = _LEAST_FILLED if column.fills else _LONGEST_CELL
            widths[place] = max([widths[place], *(min(cell_len(piece), most) for piece in pieces)])
    return sum(widths) + gap * (len(widths) - 1)


def _drawn(table: Table, gap: int, *, clipped: bool) -> RichTable:
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(
        box=None,
        padding=(0, gap, 0, 0),
        pad_edge=False,
        show_header=not table.bare,
        header_style=_STYLES["quiet"],
        show_footer=bool(table.totals),
        footer_style=_STYLES["strong"],
        expand=any(column.fills for column in table.columns),
    )
    totals = [*table.totals, *[""] * (len(table.columns) - len(table.totals))]
    for heading, column, total in zip(_headings(table), table.columns, totals, strict=True):
        drawn.add_column(
            Text(heading),
            Text(neutralise(total)),
            justify="right" if column.right else "left",
            no_wrap=not column.wraps,
            ratio=1 if column.fills else None,
            style=_STYLES["quiet"] if column.quiet else "",
        )
    for texts, cells in zip(_texts(table, clipped=clipped), table.cells(), strict=True):
        drawn.add_row(*(Text(text, _STYLES[cell.tone]) for text, cell in zip(texts, cells, strict=True)))
    return drawn


def _texts(table: Table, *, clipped: bool) -> list[list[str]]:
    """What stands in the rows."""
    limits = [(column.shortest if clipped else None) or _LONGEST_CELL for column in table.columns]
    return [[in_a_line(cell.text, limit) for cell, limit in zip(row, limits, strict=True)] for row in table.cells()]


def _headings(table: Table) -> list[str]:
    """One line each, or two with the group over the first of its columns."""
    headings = [neutralise(column.heading) for column in table.columns]
    if not any(column.group for column in table.columns):
        return headings
    groups = [neutralise(column.group) for column in table.columns]
    shown = ["" if left == right else right for left, right in pairwise(["", *groups])]
    return [f"{group}\n{heading}" for group, heading in zip(shown, headings, strict=True)]
