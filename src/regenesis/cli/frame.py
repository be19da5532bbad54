"""What every live display has in common: a head with title, phase and time, and figures under each other.

frame = Frame("runs/x", console)
frame.around("asking", 12.5, [figures_table])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from regenesis.report.figures import duration
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from rich.console import Console

_ECHO = 3


class Frame:
    """The head of a display, and the width that all of it keeps to."""

    def __init__(self, title: str, console: Console) -> None:
        self._title = in_a_line(title, 60)
        self._console = console
        self._spinner = Spinner("dots", style="cyan")

    def around(self, phase: str, elapsed: float, parts: Sequence[RenderableType]) -> RenderableType:
        """The whole picture: the head, then `parts`; `elapsed` in seconds."""
        head = Table.grid(expand=True, padding=(0, 1))
        head.add_column(width=1)
        head.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        head.add_column(justify="right", no_wrap=True)
        title = Text.assemble(("regenesis", "bold"), "  ", self._title)
        head.add_row(self._spinner, title, Text(f"{phase} · {duration(elapsed)}", "dim"))
        # a terminal echoes Ctrl-C as two characters: at the end of a full line they would begin another
        return Constrain(Group(head, *parts), self._console.width - _ECHO)


def named_rows(width: int) -> Table:
    """A table for `add_row("", name, value)`, its names `width` columns wide."""
    rows = Table.grid(expand=True, padding=(0, 1))
    rows.add_column(width=1)
    rows.add_column(style="dim", no_wrap=True, min_width=width)
    rows.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    return rows
