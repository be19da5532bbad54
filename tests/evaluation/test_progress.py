"""The time left of an evaluation, as a display asks for it at any moment."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import cast

import pytest

from regenesis.evaluation.progress import EvaluationProgress, TaskCount
from regenesis.scheduling import Sampler


def standing(answered: int, in_flight: int, questions: int, seconds: float) -> EvaluationProgress:
    """An evaluation that has asked for so many seconds."""
    now = [0.0]
    progress = EvaluationProgress(clock=lambda: now[0])
    progress.begin(["base"], {"sums": questions})
    progress.begin_model("base")
    traffic = SimpleNamespace(in_flight=in_flight, sent=0, prompt_tokens=0, completion_tokens=0)
    progress.begin_asking(cast(Sampler, SimpleNamespace(traffic=traffic)))
    progress.counts["base"]["sums"] = TaskCount(answered=answered)
    progress._asked = answered
    now[0] = seconds
    return progress


def moments(questions: int, places: int, seed: int) -> tuple[list[tuple[int, int, float]], float]:
    """How an evaluation goes, as answered, in flight and seconds at each answer.

    Answers are of 100 to 400 tokens, and each is the faster the fewer are written beside it.
    """
    chance = random.Random(seed)
    waiting = [chance.uniform(100, 400) for _ in range(questions)]
    writing = [waiting.pop() for _ in range(min(places, questions))]
    stood, now = list[tuple[int, int, float]](), 0.0
    while writing:
        shortest = min(writing)
        now += shortest * (len(writing) + 8) / 200
        writing = [left - shortest for left in writing if left > shortest]
        writing += [waiting.pop() for _ in range(min(places - len(writing), len(waiting)))]
        stood.append((len(stood) + 1, len(writing), now))
    return stood, now


@pytest.mark.parametrize(
    ("questions", "places", "share"), [(24, 24, 0.7), (24, 8, 0.65), (100, 24, 0.99), (480, 96, 0.99)]
)
def test_time_left_mostly_holds_within_thirty_percent_from_a_quarter_on(
    questions: int, places: int, share: float
) -> None:
    holds = []
    for seed in range(20):
        stood, end = moments(questions, places, seed)
        for answered, in_flight, now in stood:
            if 0.25 * end < now < 0.75 * end:
                left = standing(answered, in_flight, questions, now).seconds_left()
                assert left is not None
                holds.append(0.7 * (end - now) <= left <= 1.3 * (end - now))
    assert sum(holds) / len(holds) >= share


def test_time_left_is_unknown_before_the_first_answer() -> None:
    assert standing(0, 8, 24, 30.0).seconds_left() is None


def test_recorded_answers_do_not_count_as_fast_ones() -> None:
    progress = standing(4, 0, 24, 40.0)
    progress.counts["base"]["sums"].answered = 20
    assert progress.seconds_left() == 40.0
