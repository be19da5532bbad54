"""What a training shows while it runs: a live display in a terminal, a plain line now and then elsewhere.

with display_for_training(console, progress, "runs/x"): ...
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from regenesis.cli.display import Lines
from regenesis.cli.frame import Frame, named_rows
from regenesis.cli.screen import bar
from regenesis.report.figures import duration
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.training import TrainingProgress

_ECHO = 3
_NOTES_SHOWN = 6
_MEGABYTE = 1_000_000


def display_for_training(
    console: Console, progress: TrainingProgress, title: str, *, shown: bool = True
) -> AbstractContextManager[object]:
    """The display that suits where the console writes to; none where nothing is to be shown."""
    if not shown:
        return nullcontext()
    if console.is_terminal and not console.is_dumb_terminal:
        screen = TrainingScreen(progress, title, console)
        return Live(get_renderable=screen.render, console=console, refresh_per_second=4, transient=True)
    return Lines(console, progress, say=training_line)


def training_line(progress: TrainingProgress) -> str:
    """Where a training stands, in a line."""
    parts = [phase_in_words(progress)]
    if progress.steps:
        parts.append(f"step {progress.step:,}/{progress.steps:,}")
    if progress.loss is not None:
        parts += [f"loss {progress.loss:.4f}", f"gradient norm {progress.grad_norm or 0.0:.3g}"]
        parts += [f"learning rate {progress.learning_rate or 0.0:.2e}", f"{progress.tokens_per_second:,.0f} tokens/s"]
        left = progress.seconds_left()
        if left is not None and progress.step < progress.steps:
            parts.append(f"about {duration(left)} left")
    return f"[{duration(progress.elapsed)}] " + " · ".join(parts)


def phase_in_words(progress: TrainingProgress) -> str:
    """What a training is doing, the fetching of its model included."""
    fetched = progress.fetched
    if fetched is not None and fetched[0] < fetched[1]:
        return f"downloading the model, {fetched[0] // _MEGABYTE:,} of {fetched[1] // _MEGABYTE:,} MB"
    return progress.phase


class TrainingScreen:
    """Draws a training's progress; asked again and again."""

    def __init__(self, progress: TrainingProgress, title: str, console: Console) -> None:
        self._progress = progress
        self._frame = Frame(title, console)
        self._console = console

    def render(self) -> RenderableType:
        progress, parts = self._progress, list[RenderableType]()
        if progress.steps:
            parts += [Text(), self._figures()]
        # the head and the figures take ten lines
        room = min(_NOTES_SHOWN, self._console.height - 10)
        notes = progress.notes[: max(room, 0)]
        parts += [Text(in_a_line(f"  {note}", 400), "yellow", no_wrap=True, overflow="ellipsis") for note in notes]
        return self._frame.around(phase_in_words(progress), progress.elapsed, parts)

    def _figures(self) -> Table:
        progress, rows = self._progress, named_rows(13)
        rows.add_row("", "steps", bar(progress.step, progress.steps, text=f"{progress.step:,} of {progress.steps:,}"))
        if progress.loss is not None:
            rows.add_row("", "loss", Text(f"{progress.loss:.4f}", "bold"))
            rows.add_row("", "gradient norm", Text(f"{progress.grad_norm or 0.0:.3g}"))
            rows.add_row("", "learning rate", Text(f"{progress.learning_rate or 0.0:.2e}"))
            tokens = f"{progress.tokens_per_second:,.0f}/s · {progress.tokens:,} so far"
            rows.add_row("", "tokens", Text(tokens))
        left = progress.seconds_left()
        rows.add_row("", "time left", Text("unknown yet" if left is None else f"about {duration(left)}"))
        return rows
