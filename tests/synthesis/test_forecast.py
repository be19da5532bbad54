from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from tests.helpers.played import question

from regenesis.methods import Outcome
from regenesis.scheduling.traffic import Traffic
from regenesis.scheduling.window import window_size, work_through
from regenesis.synthesis.forecast import requests_left
from regenesis.synthesis.progress import Progress
from regenesis.types import Question


@pytest.mark.parametrize(
    ("finished", "begun", "untouched", "left"),
    [
        ({}, [3, 4], 5, None),
        ({10: 4}, [], 3, 30.0),
        ({10: 4}, [4], 0, 6.0),
        # half of them take 10 and half 20, so one that took 10 and goes on takes 10 more
        ({10: 2, 20: 2}, [10, 10], 0, 20.0),
        # two of four are known to take more than 10 before any of these has ended: a mean of ended ones would be 10
        ({10: 2}, [30, 30], 1, 22.0),
        # whoever is under way has at least one to go
        ({10: 4}, [10, 12], 0, 3.0),
    ],
)
def test_requests_left_are_those_that_questions_of_their_kind_took(
    finished: dict[int, int], begun: list[int], untouched: int, left: float | None
) -> None:
    assert requests_left(finished, begun, untouched) == (left if left is None else pytest.approx(left))


class Jumping(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to whatever is due next, so that hours pass in no time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        selector: Any = self._selector  # type: ignore[attr-defined]
        selector.select = self._jump

    def time(self) -> float:
        return self.now

    def _jump(self, timeout: float | None) -> list[Any]:
        self.now += timeout or 0.0
        return []


@dataclass
class Run:
    """A run that asks an engine of so many places, on a clock of its own: what it foresaw, and when."""

    questions: int
    places: int
    seed: int
    foreseen: list[tuple[float, float]] = field(default_factory=list)

    async def play(self) -> float:
        loop = asyncio.get_running_loop()
        self.draw, self.traffic, self.pool = random.Random(self.seed), Traffic(), asyncio.Semaphore(self.places)
        self.progress = Progress(questions=self.questions, clock=loop.time)
        self.progress.begin_asking(SimpleNamespace(traffic=self.traffic))  # type: ignore[arg-type]
        some = ((number, question(number)) for number in range(self.questions))
        await work_through(some, self._work, window_size(self.places, None))
        return loop.time()

    async def _work(self, _: int, one: Question) -> None:
        """Chains in waves of four until five are right, at most 25; how many are right depends on the question."""
        right, chance = 0, self.draw.betavariate(0.8, 0.8)
        for _ in range(7):
            chains = await asyncio.gather(*(self._chain(one, chance) for _ in range(4)))
            right += sum(chains)
            if right >= 5:
                break
        self.progress.finish(Outcome(one, (), ()), 0)
        left = self.progress.seconds_left()
        if left is not None:
            self.foreseen.append((asyncio.get_running_loop().time(), left))

    async def _chain(self, one: Question, chance: float) -> bool:
        async with self.pool:
            for seconds in (3, 5, 10):
                self.traffic.sent += 1
                self.traffic.in_flight += 1
                await asyncio.sleep(seconds * self.draw.uniform(0.6, 1.6))
                self.traffic.in_flight -= 1
                self.traffic.answered_of[one.id] += 1
        return self.draw.random() < chance


@pytest.fixture
def loop() -> Iterator[Jumping]:
    made = Jumping()
    yield made
    made.close()


@pytest.mark.parametrize(("questions", "places"), [(200, 16), (500, 32)])
@pytest.mark.parametrize("seed", range(3))
def test_the_time_left_holds_from_a_quarter_of_the_run_on(
    loop: Jumping, questions: int, places: int, seed: int
) -> None:
    run = Run(questions, places, seed)
    end = loop.run_until_complete(run.play())
    # towards the end places stay empty, and what is left is a matter of single questions
    middle = [left / (end - now) for now, left in run.foreseen if end / 4 <= now <= 0.8 * end]
    assert len(middle) > questions / 4
    assert min(middle) > 0.7
    assert max(middle) < 1.3
