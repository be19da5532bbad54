"""What is shown while the syntheses of an experiment run side by side."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console
from tests.helpers.experiments import METHODS, stated

from regenesis.cli.experiment_display import GroupScreen, group_line
from regenesis.experiments.cells import cells
from regenesis.experiments.config import experiment_from_mapping
from regenesis.experiments.observing import GroupProgress
from regenesis.experiments.sharing import SharedTraffic
from regenesis.synthesis.progress import Progress


def progress_of(*finished: int, questions: int = 20) -> GroupProgress:
    found = cells(experiment_from_mapping(stated(methods=METHODS)), "x")
    pairs = []
    for cell, count in zip(found, finished, strict=True):
        one = Progress(phase="asking" if count < questions else "writing the dataset")
        one.questions, one.finished, one.kept = questions, count, 2 * count
        pairs.append((cell, one))
    return GroupProgress(pairs, SharedTraffic(recalled=40, sent=1200, completion_tokens=90_000, in_flight=7))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (120, 9)])
def test_each_method_has_a_line_and_the_picture_fits(width: int, height: int) -> None:
    console = Console(width=width, height=height, record=True, force_terminal=True)
    console.print(GroupScreen(progress_of(20, 5, 0), "experiments/x", console).render())
    lines = console.export_text().splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width


def test_methods_that_are_at_work_come_before_those_that_are_done() -> None:
    console = Console(width=100, height=24, record=True)
    console.print(GroupScreen(progress_of(20, 5, 0), "experiments/x", console).render())
    shown = console.export_text()
    assert shown.index("rejection") < shown.index("star") < shown.index("ours")
    assert "5 of 20 questions" in shown
    assert "1,200 sent · 40 shared or recorded" in shown


def test_without_a_terminal_a_line_says_where_all_methods_stand() -> None:
    assert "asking · ours 20/20, rejection 5/20, star 0/20 · in flight 7" in group_line(progress_of(20, 5, 0))


def test_titles_of_folders_are_neutralised() -> None:
    console = Console(width=100, height=24, record=True)
    console.print(GroupScreen(progress_of(1, 1, 1), str(Path("x\x1b[31m")), console).render())
    assert "\x1b[31m" not in console.export_text()
