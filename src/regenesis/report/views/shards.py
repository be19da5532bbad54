"""Where the shards of a run stand, each on its machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from regenesis.report.blocks import Cell, Column, Note, Table, Tone, View
from regenesis.report.figures import duration
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from regenesis.synthesis.shard_states import ShardState

_SILENT_SECONDS = 60.0
"""After which a shard that somebody works on is taken for lost in words; clocks of machines agree that well."""


def shards_view(states: Sequence[ShardState], now: float) -> View:
    """A row a shard, their sums, and why those stopped that have not come to their end.

    Args:
        states: The shards.
        now: The time, as a clock tells it.
    """
    columns = [Column("shard"), Column("state", fills=True)]
    columns += [Column(name, right=True) for name in ("questions", "kept", "requests", "tokens/s", "told")]
    rows = [_row(state, now) for state in states]
    sums = {name: int(sum(one.figure(name) for one in states)) for name in ("questions", "kept")}
    finished = sum(one.finished for one in states)
    sent = int(sum(one.figure("requests_sent") for one in states))
    pace = int(sum(one.figure("tokens_per_second") for one in states if one.holder is not None))
    questions = f"{finished:,}/{sums['questions']:,}"
    totals = ["all", "", questions, f"{sums['kept']:,}", f"{sent:,}", f"{pace:,}", ""]
    stopped = [Note(f"{one.shard}: {in_a_line(one.why, 300)}", "warning") for one in states if one.why]
    return [[Table(columns, rows, totals=totals)], stopped]


def _row(state: ShardState, now: float) -> list[str | Cell]:
    silent = now - state.told
    tone: Tone = "good" if state.complete else "plain" if state.holder else "warning"
    phase = state.phase
    if state.holder is not None and silent > _SILENT_SECONDS:
        phase, tone = "silent: lost, or its storage is", "warning"
    questions = int(state.figure("questions"))
    return [
        state.shard,
        Cell(phase, tone),
        f"{state.finished:,}/{questions:,}",
        f"{int(state.figure('kept')):,}",
        f"{int(state.figure('requests_sent')):,}",
        f"{int(state.figure('tokens_per_second')):,}" if state.holder else "–",
        f"{duration(max(0.0, silent))} ago" if state.told else "never",
    ]
