"""What the syntheses of an experiment show while they run side by side: a line for each cell.

with display_for_group(console, progress, "experiments/x"): ...
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from regenesis.cli.display import Lines
from regenesis.cli.frame import Frame, named_rows
from regenesis.cli.screen import bar, phase_in_words
from regenesis.report.figures import counted, duration
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.experiments.observing import GroupProgress

_LABEL_WIDTH = 24
_HEIGHT_OF_THE_REST = 8


def display_for_group(console: Console, progress: GroupProgress, title: str) -> AbstractContextManager[object]:
    """The display that suits where the console writes to; it is gone from a terminal when it is left."""
    if console.is_terminal and not console.is_dumb_terminal:
        screen = GroupScreen(progress, title, console)
        return Live(get_renderable=screen.render, console=console, refresh_per_second=4, transient=True)
    return Lines(console, progress, say=group_line)


def group_line(progress: GroupProgress) -> str:
    """Where the syntheses stand, in a line."""
    done = ", ".join(f"{cell.method} {one.finished:,}/{one.questions:,}" for cell, one in progress.cells)
    parts = [progress.phase, done, f"in flight {progress.in_flight:,}", f"{progress.tokens_per_second():,.0f} tokens/s"]
    return f"[{duration(progress.elapsed)}] " + " · ".join(parts)


class GroupScreen:
    """Draws the progress of syntheses side by side; asked again and again."""

    def __init__(self, progress: GroupProgress, title: str, console: Console) -> None:
        self._progress = progress
        self._frame = Frame(title, console)
        self._console = console

    def render(self) -> RenderableType:
        progress = self._progress
        parts: list[RenderableType] = [Text(), self._cells(), Text(), self._figures()]
        return self._frame.around(progress.phase, progress.elapsed, parts)

    def _cells(self) -> Table:
        table = Table.grid(expand=True, padding=(0, 1))
        table.add_column(width=1)
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=_LABEL_WIDTH)
        table.add_column(ratio=1)
        table.add_column(justify="right", no_wrap=True)
        room = max(1, self._console.height - _HEIGHT_OF_THE_REST)
        open_first = sorted(self._progress.cells, key=lambda pair: pair[1].finished == pair[1].questions > 0)
        for cell, one in open_first[:room]:
            if one.questions:
                done: RenderableType = bar(
                    one.finished, one.questions, text=f"{one.finished:,} of {counted(one.questions, 'question')}"
                )
            else:
                done = Text(phase_in_words(one), "dim")
            table.add_row("", Text(in_a_line(cell.method, _LABEL_WIDTH)), done, Text(f"{one.kept:,} kept", "dim"))
        return table

    def _figures(self) -> Table:
        progress, rows = self._progress, named_rows(10)
        traffic = progress.traffic
        rows.add_row("", "in flight", Text(counted(progress.in_flight, "request")))
        rows.add_row("", "requests", Text(f"{traffic.sent:,} sent · {traffic.recalled:,} shared or recorded"))
        speed = f"{progress.tokens_per_second():,.0f}/s · {traffic.completion_tokens:,} new"
        rows.add_row("", "tokens", Text(f"{speed}, {traffic.prompt_tokens:,} prompt"))
        return rows
