"""What a synthesis shows while it runs: a live display in a terminal, a plain line now and then elsewhere.

    with display_for(console, progress, "runs/x"):
        ...

Both only look at the counters of `Progress`, from a thread of their own, so that they go on while questions are
loaded or a dataset is written. Above the live display, or between the lines, stands the first path that is right.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from rich.live import Live

from regenesis.cli.screen import Screen, phase_in_words
from regenesis.report.figures import duration
from regenesis.report.terminal import print_view
from regenesis.report.views.synthesis import first_path_view

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from regenesis.runs import Progress

_SECONDS_BETWEEN_LINES = 5.0
_MOST_SECONDS_BETWEEN_LINES = 60.0
_SHARE_BETWEEN_LINES = 0.05
"""Of the time since the first line: news are worth most at the beginning, and a run may take days."""
_SECONDS_BETWEEN_LOOKS = 0.5


class _HasPhase(Protocol):
    @property
    def phase(self) -> str: ...


Watched = TypeVar("Watched", bound=_HasPhase)


def display_for(console: Console, progress: Progress, title: str) -> AbstractContextManager[object]:
    """The display that suits where the console writes to; it is gone from a terminal when it is left."""
    first_path = FirstPath(progress, console)
    if console.is_terminal and not console.is_dumb_terminal:
        return Picture(Screen(progress, title, console).render, console, first_path.print_once)
    return Lines(console, progress, also=first_path.print_once)


class FirstPath:
    """Prints the first path that a start finds right and fit, so that there is something to read early."""

    def __init__(self, progress: Progress, console: Console) -> None:
        self._progress = progress
        self._console = console
        self._printed = False

    def print_once(self) -> None:
        """Prints it if it is there by now and nothing was kept before this start."""
        progress = self._progress
        if progress.first_fit is None or self._printed:
            return
        self._printed = True
        if not progress.recalled_questions:
            self._console.print()
            print_view(self._console, first_path_view(*progress.first_fit))
            self._console.print()


class Picture(Live):
    """A live display; what is printed on the side stands above it and stays."""

    def __init__(
        self, render: Callable[[], RenderableType], console: Console, aside: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(get_renderable=render, console=console, refresh_per_second=4, transient=True)
        self._aside = aside

    def refresh(self) -> None:
        if self.is_started:
            self._aside()
        super().refresh()


class Lines(Generic[Watched]):
    """A line whenever the phase changes, and one now and then: the longer it goes on, the less often."""

    def __init__(
        self,
        console: Console,
        progress: Watched,
        seconds: float = _SECONDS_BETWEEN_LINES,
        say: Callable[[Watched], str] | None = None,
        also: Callable[[], None] | None = None,
    ) -> None:
        """Looks at counters that have a `phase`.

        Args:
            console: Where to.
            progress: The counters.
            seconds: Between two lines of one phase, at first.
            say: Makes a line of the counters, by default one about a synthesis.
            also: Is called at every look, to print what else there is to tell.
        """
        self._console = console
        self._progress = progress
        self._say: Callable[[Any], str] = say or line
        self._also = also or (lambda: None)
        self._seconds = seconds
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._write, name="display", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join()

    def _write(self) -> None:
        phase, written, began = "", 0.0, time.monotonic()
        while not self._left.is_set():
            self._also()
            now = time.monotonic()
            if self._progress.phase != phase or now - written >= pause_after(now - began, self._seconds):
                phase, written = self._progress.phase, now
                self._console.print(self._say(self._progress), soft_wrap=True)
            self._left.wait(min(_SECONDS_BETWEEN_LOOKS, self._seconds))


def pause_after(elapsed: float, least: float = _SECONDS_BETWEEN_LINES) -> float:
    """Seconds from one line to the next, so long after the first."""
    return max(least, min(_MOST_SECONDS_BETWEEN_LINES, elapsed * _SHARE_BETWEEN_LINES))


def line(progress: Progress) -> str:
    """Where a run stands, in a line."""
    parts = [phase_in_words(progress)]
    if progress.questions:
        parts += [f"questions {progress.finished:,}/{progress.questions:,}", f"kept {progress.kept:,}"]
    if progress.sampler is not None:
        parts += [f"right and fit {progress.fit:,}"] if progress.fit else []
        answered = progress.sampler.traffic.answered
        parts += [", ".join(f"{stage} {count:,}" for stage, count in answered.items())] if answered else []
        parts.append(f"in flight {progress.in_flight:,}")
        parts.append(f"{progress.tokens_per_second():,.0f} tokens/s")
        left = progress.seconds_left()
        if left is not None and progress.finished < progress.questions:
            parts.append(f"about {duration(left)} left")
    return f"[{duration(progress.elapsed)}] " + " · ".join(parts)
