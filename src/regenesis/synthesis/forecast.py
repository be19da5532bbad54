"""How many requests a synthesis has still to send, from what its questions took so far.

Questions that finish early are those that took little, so a mean over them promises too much. Questions under way say
that they take more than what they took so far, and count with that: the estimate of Kaplan and Meier.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping


def requests_left(finished: Mapping[int, int], begun: Collection[int], untouched: int) -> float | None:
    """The requests that are expected until all questions are finished; `None` while none of them is.

    Args:
        finished: How many questions took so many requests, by that number.
        begun: Requests that questions under way took so far.
        untouched: Questions not begun.
    """
    if not finished:
        return None
    totals, survival = _survival(finished, sorted(begun))
    # requests still to come at each total, from the last one back: the area under the curve behind it
    end = max(totals[-1], *begun, 0) if begun else totals[-1]
    areas = [survival[-1] * (end - totals[-1])]
    for place in range(len(totals) - 1, 0, -1):
        areas.append(areas[-1] + survival[place - 1] * (totals[place] - totals[place - 1]))
    areas.reverse()

    def to_come(asked: int) -> float:
        place = bisect_right(totals, asked)
        alive = survival[place - 1] if place else 1.0
        if place == len(totals):
            return max(1.0, float(end - asked))
        return max(1.0, (areas[place] + alive * (totals[place] - asked)) / alive)

    return sum(map(to_come, begun)) + untouched * to_come(0)


def _survival(finished: Mapping[int, int], begun: list[int]) -> tuple[list[int], list[float]]:
    """The totals that occurred, and the share of questions that take more than each."""
    totals = sorted(finished)
    under_way = sum(finished.values())
    share, shares = 1.0, []
    for total in totals:
        longer = len(begun) - bisect_right(begun, total - 1)  # under way, and at least as far
        share *= 1 - finished[total] / (under_way + longer)
        under_way -= finished[total]
        shares.append(share)
    return totals, shares
