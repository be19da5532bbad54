"""How much is under way at once, and when to stop.

Places in flight go to the oldest active question first, and towards the end to the least served one; only a bounded
window of questions is active. Nothing here shapes what is asked: seeds come from names, never from the order in which
replies arrive.
"""

from __future__ import annotations

from regenesis.scheduling.budget import Budget, BudgetConfig, BudgetSpent
from regenesis.scheduling.places import Places, Pool
from regenesis.scheduling.sampler import Chain, Reply, Sampler, request_of
from regenesis.scheduling.side_by_side import side_by_side
from regenesis.scheduling.traffic import Refusals, Traffic
from regenesis.scheduling.window import SchedulingConfig, WindowReport, window_size, work_through

__all__ = [
    "Budget",
    "BudgetConfig",
    "BudgetSpent",
    "Chain",
    "Places",
    "Pool",
    "Refusals",
    "Reply",
    "Sampler",
    "SchedulingConfig",
    "Traffic",
    "WindowReport",
    "request_of",
    "side_by_side",
    "window_size",
    "work_through",
]
