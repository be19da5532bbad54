"""A budget divided among shards."""

from __future__ import annotations

import pytest

from regenesis.config import BudgetConfig
from regenesis.runs.cluster import shares


@pytest.mark.parametrize("requests", [0, 3, 16, 1000])
def test_the_shares_of_a_budget_make_the_whole(requests: int) -> None:
    parts = shares(BudgetConfig(requests=requests, minutes=5), 16)
    assert sum(part.requests or 0 for part in parts) == requests
    assert {(part.tokens, part.minutes) for part in parts} == {(None, 5)}
