"""The time left of a training, as a display asks for it at any moment."""

from __future__ import annotations

import pytest

from regenesis.training import progress as module
from regenesis.training.progress import TrainingProgress


@pytest.mark.parametrize(
    ("seconds_into_the_step", "left"),
    [(0, 80), (10, 70), (19, 61), (20, 60), (35, 60)],
)
def test_time_left_falls_while_a_step_is_under_way_and_never_rises(
    seconds_into_the_step: float, left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = TrainingProgress(step=2, steps=6, started=0.0, stepping_since=100.0, stepped=140.0)
    monkeypatch.setattr(module.time, "monotonic", lambda: 140.0 + seconds_into_the_step)
    assert progress.seconds_left() == left


def test_time_left_is_unknown_before_the_first_step_has_ended() -> None:
    assert TrainingProgress(step=0, steps=6, stepping_since=0.0).seconds_left() is None


def test_steps_of_an_earlier_start_tell_nothing_of_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = TrainingProgress(step=5, steps=9, resumed_at=4, started=0.0, stepping_since=100.0, stepped=130.0)
    monkeypatch.setattr(module.time, "monotonic", lambda: 130.0)
    assert progress.seconds_left() == 120
