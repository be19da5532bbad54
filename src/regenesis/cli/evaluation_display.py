"""What an evaluation shows while it runs: a live display in a terminal, a plain line now and then elsewhere.

with display_for_evaluation(console, progress, "runs/x"): ...
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
from regenesis.report.figures import counted, duration, share
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.evaluation.progress import EvaluationProgress

_ECHO = 3
_HEIGHT_OF_THE_REST = 12


def display_for_evaluation(
    console: Console, progress: EvaluationProgress, title: str
) -> AbstractContextManager[object]:
    """The display that suits where the console writes to; it is gone from a terminal when it is left."""
    if console.is_terminal and not console.is_dumb_terminal:
        screen = EvaluationScreen(progress, title, console)
        return Live(get_renderable=screen.render, console=console, refresh_per_second=4, transient=True)
    return Lines(console, progress, say=evaluation_line)


def evaluation_line(progress: EvaluationProgress) -> str:
    """Where an evaluation stands, in a line."""
    parts = [phase_in_words(progress)]
    if progress.model:
        parts += [in_a_line(progress.model, 40), f"answered {progress.answered:,}/{progress.questions:,}"]
        parts.append(f"correct {sum(one.correct for one in progress.counts.get(progress.model, {}).values()):,}")
    if progress.sampler is not None:
        parts += [f"in flight {progress.in_flight:,}", f"{progress.tokens_per_second():,.0f} tokens/s"]
        left = progress.seconds_left()
        if left is not None:
            parts.append(f"about {duration(left)} left")
    return f"[{duration(progress.elapsed)}] " + " · ".join(parts)


class EvaluationScreen:
    """Draws an evaluation's progress; asked again and again."""

    def __init__(self, progress: EvaluationProgress, title: str, console: Console) -> None:
        self._progress = progress
        self._frame = Frame(title, console)
        self._console = console

    def render(self) -> RenderableType:
        progress, parts = self._progress, list[RenderableType]()
        if progress.model:
            parts += [Text(), self._counts(), Text(), self._tasks()]
        return self._frame.around(phase_in_words(progress), progress.elapsed, parts)

    def _counts(self) -> Table:
        progress, rows = self._progress, named_rows(10)
        place = progress.models.index(progress.model) + 1
        rows.add_row("", "model", Text(f"{in_a_line(progress.model, 40)} · {place} of {len(progress.models)}"))
        done = f"{progress.answered:,} of {progress.questions:,}"
        rows.add_row("", "answered", bar(progress.answered, progress.questions, text=done))
        if progress.sampler is not None:
            left = progress.seconds_left()
            speed = f"{progress.tokens_per_second():,.0f}/s · {progress.completion_tokens:,} new"
            rows.add_row("", "in flight", Text(counted(progress.in_flight, "request")))
            rows.add_row("", "tokens", Text(f"{speed}, {progress.prompt_tokens:,} prompt"))
            rows.add_row("", "time left", Text("unknown yet" if left is None else f"about {duration(left)}"))
        return rows

    def _tasks(self) -> Table:
        """The tasks that are under way, then those to come, as many as there is room for."""
        progress, table = self._progress, Table.grid(expand=True, padding=(0, 1))
        table.add_column(width=1)
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=24)
        table.add_column(ratio=1)
        table.add_column(justify="right", no_wrap=True)
        counts = progress.counts.get(progress.model, {})
        room = max(1, self._console.height - _HEIGHT_OF_THE_REST)
        open_first = sorted(counts, key=lambda task: counts[task].answered == progress.tasks[task])
        for task in open_first[:room]:
            count, total = counts[task], progress.tasks[task]
            right = f"{share(count.correct, count.answered)} correct" if count.answered else ""
            done = bar(count.answered, total, text=f"{count.answered:,} of {total:,}")
            table.add_row("", Text(in_a_line(task, 24)), done, Text(right, "dim"))
        return table
