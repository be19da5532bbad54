"""How long a synthesis has still to go, from what its questions took so far.

Questions that finish early are those that took little, so a mean over them promises too much. Questions under way say
that they take more than what they took so far, and count with that: the estimate of Kaplan and Meier. What none has
come to yet is supposed to be spread up to the most that the method asks.

From that, each question is given a number of requests, and the rest of the run is played: places are shared evenly, a
question uses only as many as it asks at a time, and another one comes in where one ends. So it counts that towards the
end places stay empty.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from heapq import heapify, heapreplace
from heapq import heappop as take_first
from statistics import fmean

_SUPPOSED = 2.0
"""Questions that the supposed spread up to the most counts as."""
_STEPS = 7
_MOST_PLAYED = 500
"""Questions not begun that are played one by one; of more, the others go by their mean."""
_DRAWS = 64
"""Numbers drawn at least, so that a run of a few questions is played several times."""
_MOST_PLAYS = 16
_GOLDEN = 0.6180339887498949
"""Multiples of it, without their whole part, are spread evenly however many there are."""


@dataclass(frozen=True, slots=True)
class Room:
    """What bounds how much goes on at the same time.

    Attributes:
        places: Requests in flight at most.
        window: Questions under way at most.
        width: Requests that a question has in flight where places are free.
    """

    places: int
    window: int
    width: float


def rounds_left(
    finished: Mapping[int, int], begun: Collection[int], untouched: int, room: Room, most: int = 0
) -> float | None:
    """How many times the duration of a request it takes until all questions are finished.

    `None` while none is finished, unless all have begun: then what they ask at most tells enough.

    Args:
        finished: How many questions took so many requests, by that number.
        begun: Requests that questions under way took so far.
        untouched: Questions not begun.
        room: What bounds how much goes on at the same time.
        most: The most requests that a question takes, 0 if that is not known.
    """
    if not finished and (untouched or not most):
        return None
    lengths = _Lengths(finished, begun, most)
    played = min(untouched, _MOST_PLAYED)
    plays = max(1, min(_MOST_PLAYS, _DRAWS // max(1, len(begun) + played)))
    rounds = fmean(_play(lengths, begun, played, room, play / plays) for play in range(plays))
    if untouched > played:
        mean = fmean(lengths.to_come(0, (step + 0.5) / _DRAWS) for step in range(_DRAWS))
        rounds += (untouched - played) * mean / min(room.places, room.window * room.width)
    return rounds


def _play(lengths: _Lengths, begun: Collection[int], untouched: int, room: Room, shift: float) -> float:
    draws = ((shift + number * _GOLDEN) % 1 for number in range(1, len(begun) + untouched + 1))
    # each question ends when so much service has been given to every one; whoever comes later ends later by that much
    ends = [lengths.to_come(asked, next(draws)) for asked in begun]
    at_once = max(0, min(untouched, room.window - len(ends)))
    ends += [lengths.to_come(0, next(draws)) for _ in range(at_once)]
    untouched -= at_once
    heapify(ends)
    served = rounds = 0.0
    while ends:
        first = ends[0]
        rounds += (first - served) / min(room.width, room.places / len(ends))
        served = first
        if untouched:
            untouched -= 1
            heapreplace(ends, served + lengths.to_come(0, next(draws)))
        else:
            take_first(ends)
    return rounds


class _Lengths:
    """How many requests questions take, as far as that is known."""

    def __init__(self, finished: Mapping[int, int], begun: Collection[int], most: int) -> None:
        counts: dict[int, float] = dict(finished)
        if most:
            for step in range(1, _STEPS + 1):
                total = max(1, round(most * step / _STEPS))
                counts[total] = counts.get(total, 0.0) + _SUPPOSED / _STEPS
        self._totals = sorted(counts)
        self._end = max(self._totals[-1], *begun) if begun else self._totals[-1]
        # the share of questions that take more than each total, below zero so that it rises
        self._survival: list[float] = []
        under_way, share, waiting = sum(counts.values()), 1.0, sorted(begun)
        for total in self._totals:
            longer = len(waiting) - bisect_left(waiting, total)  # under way, and at least as far
            share *= 1 - counts[total] / max(counts[total], under_way + longer)
            under_way -= counts[total]
            self._survival.append(-share)

    def to_come(self, asked: int, chance: float) -> float:
        """What a question that took `asked` requests still takes, where a share of `chance` of its kind takes less."""
        place = bisect_right(self._totals, asked)
        alive = -self._survival[place - 1] if place else 1.0
        found = bisect_left(self._survival, -(1 - chance) * alive, lo=place)
        total = self._totals[found] if found < len(self._totals) else self._end
        return max(1.0, float(total - asked))
