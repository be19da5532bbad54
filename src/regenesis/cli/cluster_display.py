"""What a synthesis over a cluster shows while it runs: a line now and then over all shards, and one for each that ends.

with WatchingCluster(console, progress, "runs/x", command) as watching:
    run_until_interrupted(work, watching.last_words)
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from regenesis.cli.display import Lines, Picture
from regenesis.cli.frame import Frame, named_rows
from regenesis.cli.screen import bar
from regenesis.cli.watching import Watching
from regenesis.report.figures import duration
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.runs.cluster import ClusterProgress, ShardEnd

SEALING_SECONDS = 25.0
"""How long interrupted shards have to seal what they recorded: clusters give 30 seconds."""
_SHOWN = 12


class WatchingCluster(Watching):
    """A synthesis over a cluster under its display."""

    def __init__(self, console: Console, progress: ClusterProgress, title: str, command: str) -> None:
        if console.is_terminal and not console.is_dumb_terminal:
            screen = _Screen(progress, title, console)
            super().__init__(console, Picture(screen.render, console), command)
        else:
            super().__init__(console, Lines(console, progress, say=line), command)
        self._progress = progress
        progress.told = self.tell

    def tell(self, end: ShardEnd) -> None:
        """Says how a shard ended."""
        why = end.error or end.stopped
        done = f"shard {end.shard}: {end.finished:,} of {end.questions:,} questions finished"
        failed = f"shard {end.shard}: failed"
        self._console.print(
            (failed if end.error else done) + (f"; {why}" if why else ""), markup=False, highlight=False, soft_wrap=True
        )

    def _has_asked(self) -> bool:
        return any(one.figure("requests_sent") for one in self._progress.shards)

    def _done_so_far(self) -> str:
        finished, questions = _finished(self._progress), _sum(self._progress, "questions")
        return f" ({finished:,} of {questions:,} questions finished)" if questions else ""


class _Screen:
    def __init__(self, progress: ClusterProgress, title: str, console: Console) -> None:
        self._progress, self._frame = progress, Frame(title, console)

    def render(self) -> RenderableType:
        progress, rows = self._progress, named_rows(10)
        finished, questions = _finished(progress), _sum(progress, "questions")
        rows.add_row("", "questions", bar(finished, questions, text=f"{finished:,} of {questions:,}"))
        if _keeps(progress):
            rows.add_row("", "kept", Text(f"{_sum(progress, 'kept'):,} paths"))
        rows.add_row("", "in flight", Text(f"{_sum(progress, 'in_flight'):,} requests"))
        rows.add_row("", "tokens", Text(f"{_sum(progress, 'tokens_per_second'):,}/s"))
        rows.add_row("", "shards", Text(in_a_line(_phases(progress), 60)))
        working = [one for one in progress.shards if one.holder is not None]
        for one in working[:_SHOWN]:
            done, whole = one.finished, int(one.figure("questions"))
            rows.add_row("", one.shard, bar(done, whole, text=f"{done:,} of {whole:,}"))
        return self._frame.around(progress.phase, progress.elapsed, [Text(), rows])


def line(progress: ClusterProgress) -> str:
    """Where all shards stand, in a line."""
    parts = [progress.phase]
    if progress.shards:
        parts.append(f"questions {_finished(progress):,}/{_sum(progress, 'questions'):,}")
        parts += [f"kept {_sum(progress, 'kept'):,}"] if _keeps(progress) else []
        parts.append(f"in flight {_sum(progress, 'in_flight'):,}")
        parts.append(f"{_sum(progress, 'tokens_per_second'):,} tokens/s")
    if progress.count:
        parts.append(f"shards: {_phases(progress)}")
    return f"[{duration(progress.elapsed)}] " + " · ".join(parts)


def _phases(progress: ClusterProgress) -> str:
    counts = Counter(one.phase for one in progress.shards)
    waiting = progress.count - len(progress.shards)
    counts += Counter({"waiting": max(0, waiting)})
    return ", ".join(f"{count:,} {phase}" for phase, count in counts.most_common())


def _sum(progress: ClusterProgress, name: str) -> int:
    # what an ended shard last told of its pace is no pace
    passing = name in ("in_flight", "tokens_per_second")
    return int(sum(one.figure(name) for one in progress.shards if one.holder is not None or not passing))


def _finished(progress: ClusterProgress) -> int:
    return sum(one.finished for one in progress.shards)


def _keeps(progress: ClusterProgress) -> bool:
    return any("kept" in one.figures for one in progress.shards)
