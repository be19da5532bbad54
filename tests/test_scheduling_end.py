"""How busy an engine is kept to the very end, on a clock that passes without waiting."""

from __future__ import annotations

import asyncio
import heapq
import random

from regenesis.scheduling import Pool, window_size, work_through
from regenesis.types import Question

IN_FLIGHT, QUESTIONS, CHAINS, STAGES, SECOND_WAVES = 32, 40, 6, 3, 0.35


class Skipping(asyncio.SelectorEventLoop):
    """A loop whose clock goes on to the next alarm as soon as nothing else is left to do."""

    _now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._now = max(self._now, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def seconds(draw: random.Random) -> float:
    return float(0.2 * 10 ** draw.random())


async def in_waves_of_chains(seed: int) -> float:
    """The share of the engine's places that was busy, from the beginning to the end."""
    pool, busy = Pool(IN_FLIGHT), 0.0

    async def chain(ordinal: int, place: int, served: int, draw: random.Random) -> None:
        nonlocal busy
        await pool.take((ordinal, place), served)
        for _ in range(STAGES):
            taken = seconds(draw)
            busy += taken
            await asyncio.sleep(taken)
        pool.give_back()

    async def work(ordinal: int, _: Question) -> None:
        draw = random.Random(seed * 1000 + ordinal)
        for wave in range(1 + (draw.random() < SECOND_WAVES)):
            places = range(wave * CHAINS, (wave + 1) * CHAINS)
            await asyncio.gather(*(chain(ordinal, place, wave * CHAINS, draw) for place in places))

    questions = [(number, Question(f"q{number}", "task", "?", "1", "number")) for number in range(QUESTIONS)]
    await work_through(questions, work, window_size(IN_FLIGHT, None))
    return busy / (asyncio.get_running_loop().time() * IN_FLIGHT)


def one_place_after_another(seed: int) -> float:
    """The same for a loop a place, each following one chain after another."""
    draw, ends, busy = random.Random(seed), [0.0] * IN_FLIGHT, 0.0
    for _ in range(round(QUESTIONS * CHAINS * (1 + SECOND_WAVES))):
        taken = sum(seconds(draw) for _ in range(STAGES))
        busy += taken
        heapq.heapreplace(ends, ends[0] + taken)
    return busy / (max(ends) * IN_FLIGHT)


def test_waves_leave_an_engine_hardly_less_busy_than_chains_that_wait_for_nothing() -> None:
    shares = []
    for seed in range(10):
        loop = Skipping()
        try:
            shares.append(loop.run_until_complete(in_waves_of_chains(seed)))
        finally:
            loop.close()
    bare = [one_place_after_another(seed) for seed in range(10)]
    assert sum(shares) / sum(bare) > 0.97
