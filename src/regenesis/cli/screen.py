"""The picture that the live display shows: where a run stands, in at most 24 lines of 80 columns.

Screen(progress, "runs/x", console).render()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from regenesis.cli.frame import Frame, named_rows
from regenesis.report.figures import counted, duration, share
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.curation.funnel import Tally
    from regenesis.runs import Progress
    from regenesis.scheduling.asking import Asking

_MEGABYTE = 1_000_000
_ECHO = 3
_WIDE = 110
_GUIDELINES_SHOWN = 6


class Screen:
    """Draws a run's progress; asked again and again."""

    def __init__(self, progress: Progress, title: str, console: Console) -> None:
        self._progress = progress
        self._frame = Frame(title, console)
        self._console = console

    def render(self) -> RenderableType:
        progress, parts = self._progress, list[RenderableType]()
        if progress.questions:
            parts += [Text(), self._counts()]
            guidelines = self._guidelines()
            if guidelines is not None:
                parts += [Text(), guidelines]
        return self._frame.around(phase_in_words(progress), progress.elapsed, parts)

    def _counts(self) -> Table:
        progress, rows = self._progress, named_rows(10)
        if progress.fetched is not None and progress.sampler is None:
            rows.add_row("", "model", bar(*progress.fetched, text=_megabytes(*progress.fetched)))
        done = f"{progress.finished:,} of {progress.questions:,}"
        rows.add_row("", "questions", bar(progress.finished, progress.questions, text=done))
        rows.add_row("", "kept", self._kept())
        if progress.sampler is not None:
            rows.add_row("", "chains", self._chains())
            rows.add_row("", "in flight", self._in_flight())
            rows.add_row("", "tokens", self._tokens())
            rows.add_row("", "time left", self._time_left())
        return rows

    def _kept(self) -> Text:
        progress = self._progress
        unit = " path" if progress.kept == 1 else " paths"
        text = Text.assemble((f"{progress.kept:,}", "bold green" if progress.kept else ""), unit)
        if progress.finished:
            text.append(f" · for {progress.served:,} of {counted(progress.finished, 'question')}")
        elif progress.fit:
            text.append(f" · {progress.fit:,} right and fit so far")
        return text

    def _chains(self) -> Text:
        total = self._progress.funnel.total
        text = f"{total.chains:,} → parsed {total.parsed:,} → correct {total.correct:,} → fit {total.fit:,}"
        return Text(text + (" · this session" if self._progress.recalled_questions else ""))

    def _in_flight(self) -> Text:
        sampler = self._progress.sampler
        assert sampler is not None
        statistics = getattr(self._progress.engine, "statistics", None)
        limit = statistics.limit if statistics is not None else getattr(self._progress.engine, "capacity", 0)
        parts = [
            f"{counted(self._progress.in_flight, 'request')} (limit {limit:,})",
            counted(sampler.pool.taken, "chain"),
        ]
        if statistics is not None and statistics.retries:
            parts.append(f"{statistics.retries:,} retried")
        if statistics is not None and statistics.rate_limited:
            parts.append(f"{statistics.rate_limited:,} × 429")
        return Text(" · ".join(parts))

    def _tokens(self) -> Text:
        sampler = self._progress.sampler
        assert sampler is not None
        traffic, speed = sampler.traffic, self._progress.tokens_per_second()
        return Text(f"{speed:,.0f}/s · {traffic.completion_tokens:,} new, {traffic.prompt_tokens:,} prompt")

    def _time_left(self) -> Text:
        left = self._progress.seconds_left()
        return Text("unknown yet" if left is None else f"about {duration(left)}")

    def _guidelines(self) -> Table | None:
        """The guidelines that yield most, side by side in two columns where there is room for them."""
        best = self._progress.funnel.best_guidelines()
        rows_left = self._console.height - 12
        if not best or rows_left < 1:
            return None
        columns = 2 if self._console.width >= _WIDE else 1
        deep = min(_GUIDELINES_SHOWN, rows_left)
        table = Table.grid(expand=True, padding=(0, 3))
        for _ in range(columns):
            table.add_column(ratio=1)
        table.add_row(*(self._guideline_column(best[start : start + deep]) for start in range(0, columns * deep, deep)))
        heading = Text("  best guidelines, by share of correct and fit chains", "dim")
        whole = Table.grid(expand=True)
        whole.add_row(heading)
        whole.add_row(table)
        return whole

    @staticmethod
    def _guideline_column(best: list[tuple[str, Tally]]) -> Table:
        column = Table.grid(expand=True, padding=(0, 1))
        column.add_column(width=1)
        column.add_column(no_wrap=True, overflow="ellipsis", max_width=26)
        column.add_column(ratio=1)
        column.add_column(justify="right", no_wrap=True)
        column.add_column(justify="right", no_wrap=True, width=5)
        for name, tally in best:
            figures = (Text(f"{tally.fit:,} of {tally.chains:,}", "dim"), share(tally.fit, tally.chains))
            bar = ProgressBar(tally.chains, tally.fit, complete_style="cyan", finished_style="cyan")
            column.add_row("", Text(in_a_line(name, 26)), bar, *figures)
        return column


def phase_in_words(progress: Asking) -> str:
    """What a stage that asks is doing, the fetching of its model included."""
    fetched = progress.fetched
    if progress.sampler is None and fetched is not None:
        return "downloading the model" if fetched[0] < fetched[1] else "loading the model"
    return progress.phase


def bar(done: int, total: int, *, text: str) -> Table:
    """A bar with what it stands for and its share in percent."""
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_column(no_wrap=True, justify="right", width=5)
    bar = ProgressBar(max(total, 1), done, complete_style="cyan", finished_style="green")
    grid.add_row(bar, text, Text(share(done, total), "dim"))
    return grid


def _megabytes(done: int, total: int) -> str:
    return f"{done // _MEGABYTE:,} of {total // _MEGABYTE:,} MB"
