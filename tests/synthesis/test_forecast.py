from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from statistics import fmean
from types import SimpleNamespace
from typing import Any

import pytest
from tests.helpers.played import question

from regenesis.methods import Outcome
from regenesis.scheduling.places import Pool
from regenesis.scheduling.traffic import Traffic
from regenesis.scheduling.window import window_size, work_through
from regenesis.synthesis.forecast import Room, rounds_left
from regenesis.synthesis.progress import Progress
from regenesis.types import Question

PLENTY = Room(places=1000, window=1000, width=1)
ONE = Room(places=1, window=1000, width=1)


@pytest.mark.parametrize(
    ("finished", "begun", "untouched", "room", "left"),
    [
        ({}, [3, 4], 5, PLENTY, None),
        # one place: all of them after one another
        ({10: 4}, [], 3, ONE, 30.0),
        # places for all: as long as one takes
        ({10: 4}, [], 3, PLENTY, 10.0),
        ({10: 4}, [4], 0, PLENTY, 6.0),
        # a question has two requests in flight at a time
        ({10: 4}, [4], 0, Room(8, 10, 2), 3.0),
        # half of them take 10 and half 20, so one that took 10 and goes on takes 10 more
        ({10: 2, 20: 2}, [10, 10], 0, PLENTY, 10.0),
        # whoever is under way has at least one to go
        ({10: 4}, [10, 12], 0, PLENTY, 2.0),
        # the second begins when the first has ended, however many places there are
        ({10: 4}, [], 2, Room(8, 1, 1), 20.0),
        # more than are played one by one
        ({10: 4}, [], 3000, Room(10, 20, 1), 3000.0),
    ],
)
def test_rounds_left_are_those_of_questions_of_their_kind(
    finished: dict[int, int], begun: list[int], untouched: int, room: Room, left: float | None
) -> None:
    assert rounds_left(finished, begun, untouched, room) == (left if left is None else pytest.approx(left, rel=0.02))


def test_what_no_question_has_come_to_yet_is_supposed_to_be_possible() -> None:
    begun = [20] * 10
    assert rounds_left({10: 3}, begun, 0, PLENTY, most=100) > 2 * rounds_left({10: 3}, begun, 0, PLENTY)  # type: ignore[operator]


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
    """A run that asks an engine of so many places, on a clock of its own: what it foresaw, and when.

    Attributes:
        slower: How much slower the engine is with all of its places taken than with one.
    """

    questions: int
    places: int
    seed: int
    slower: float = 1.0
    foreseen: list[tuple[float, float]] = field(default_factory=list)

    async def play(self) -> float:
        loop = asyncio.get_running_loop()
        self.draw, self.traffic, self.pool = random.Random(self.seed), Traffic(), Pool(self.places)
        window = window_size(self.places, None)
        self.progress = Progress(questions=self.questions, clock=loop.time, window=window, most_requests=84)
        self.progress.begin_asking(SimpleNamespace(traffic=self.traffic, pool=self.pool))  # type: ignore[arg-type]
        some = ((number, question(number)) for number in range(self.questions))
        await work_through(some, self._work, window)
        return loop.time()

    async def _work(self, number: int, one: Question) -> None:
        """Chains in waves of four until five are right, at most 28; how many are right depends on the question."""
        right, chance = 0, self.draw.betavariate(0.8, 0.8)
        for wave in range(7):
            chains = await asyncio.gather(*(self._chain(one, chance, (number, 4 * wave + place)) for place in range(4)))
            right += sum(chains)
            if right >= 5:
                break
        self.progress.finish(Outcome(one, (), ()), {})
        left = self.progress.seconds_left()
        if left is not None:
            self.foreseen.append((asyncio.get_running_loop().time(), left))

    async def _chain(self, one: Question, chance: float, place: tuple[int, int]) -> bool:
        clock = asyncio.get_running_loop().time
        await self.pool.take(place, self.traffic.chains_ended[one.id])
        for seconds in (3, 5, 10):
            self.traffic.sent += 1
            begun = clock()
            self.traffic.begin(begun)
            load = 1 + (self.slower - 1) * self.traffic.in_flight / self.places
            await asyncio.sleep(seconds * load * self.draw.uniform(0.6, 1.6))
            self.traffic.end(begun, clock())
            self.traffic.answered_of[one.id] += 1
        self.traffic.chains_ended[one.id] += 1
        self.pool.give_back()
        return self.draw.random() < chance

    def right(self, end: float, since: float, until: float) -> float:
        """The share of what it foresaw between two points of the run that was within 30 %."""
        errors = [left / (end - now) for now, left in self.foreseen if since * end <= now < until * end]
        return sum(0.7 <= error <= 1.3 for error in errors) / max(1, len(errors))


@pytest.mark.parametrize("slower", [1.0, 4.0])
@pytest.mark.parametrize(
    ("questions", "places", "middle", "last_fifth"),
    # of a few questions, each is a good part of what is left
    [(20, 16, 0.75, 0.75), (50, 16, 0.9, 0.8), (200, 16, 0.98, 0.85), (500, 32, 0.98, 0.85)],
)
def test_the_time_left_holds_from_a_quarter_of_the_run_on(
    questions: int, places: int, middle: float, last_fifth: float, slower: float
) -> None:
    shares = [_shares(Run(questions, places, seed, slower)) for seed in range(3)]
    assert fmean(first for first, _ in shares) >= middle
    assert fmean(last for _, last in shares) >= last_fifth


def _shares(run: Run) -> tuple[float, float]:
    loop = Jumping()
    try:
        end = loop.run_until_complete(run.play())
    finally:
        loop.close()
    return run.right(end, 0.25, 0.8), run.right(end, 0.8, 0.95)


@pytest.mark.parametrize(("untouched", "most", "told"), [(0, 7, True), (1, 7, False), (0, 0, False)])
def test_before_a_question_is_finished_rounds_are_told_where_all_have_begun(
    untouched: int, most: int, told: bool
) -> None:
    left = rounds_left({}, [3, 2, 1], untouched, Room(places=16, window=20, width=4), most)
    assert (left is not None) is told


def test_the_first_requests_to_come_back_do_not_make_those_in_flight_look_long() -> None:
    traffic, now = Traffic(), 70.0
    progress = Progress(questions=12, clock=lambda: now, window=60, most_requests=7)
    pool = Pool(48)
    pool.taken = 48
    progress.begin_asking(SimpleNamespace(traffic=traffic, pool=pool))  # type: ignore[arg-type]
    for _ in range(48):  # four chains of each question, all at once
        traffic.sent += 1
        traffic.begin(0.0)
    for _ in range(4):
        traffic.end(0.0, now)
        traffic.answered_of[question(0).id] += 1
    progress.finish(Outcome(question(0), (), ()), {})
    left = progress.seconds_left()
    assert left is not None
    assert now / 4 < left < 3 * now  # by all the time spent in flight a request would seem to take 840 s
