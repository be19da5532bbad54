from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from regenesis.cli.cluster_display import WatchingCluster, line
from regenesis.runs.cluster import ClusterProgress, ShardEnd
from regenesis.synthesis.shard_states import ShardState


@pytest.fixture
def progress() -> ClusterProgress:
    figures = {"questions": 10, "finished": 4, "kept": 7, "in_flight": 20, "tokens_per_second": 900.0}
    shards = [
        ShardState("1-of-4", "node1 7 abc", figures=figures | {"phase": "asking"}),
        ShardState("2-of-4", figures=figures | {"finished": 10}, complete=True),
        ShardState("3-of-4", figures={"questions": "many", "finished": None}, why="no server"),
    ]
    return ClusterProgress(phase="sampling", count=4, shards=shards)


def test_a_line_sums_up_all_shards_and_takes_the_pace_of_those_that_work(progress: ClusterProgress) -> None:
    said = line(progress)
    for part in ("sampling", "questions 14/20", "kept 14", "in flight 20", "900 tokens/s"):
        assert part in said
    for part in ("1 asking", "1 done", "1 stopped", "1 waiting"):
        assert part in said


@pytest.mark.parametrize("terminal", [False, True])
def test_a_shard_that_ends_is_told_by_name(progress: ClusterProgress, terminal: bool) -> None:
    console = Console(file=StringIO(), force_terminal=terminal, width=100, height=30)
    with WatchingCluster(console, progress, "runs/x", "regenesis …") as watching:
        watching.tell(ShardEnd("3-of-4", error="No server answers at [http://x]"))
        watching.tell(ShardEnd("2-of-4", questions=10, finished=10))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "shard 3-of-4: failed; No server answers at [http://x]" in shown
    assert "shard 2-of-4: 10 of 10 questions finished" in shown
