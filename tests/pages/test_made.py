from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from regenesis.config import RunConfig
from regenesis.curation import Funnel
from regenesis.pages.chains import Chains, Kind, read_chains
from regenesis.pages.charts import Chart
from regenesis.pages.made import made_items
from regenesis.runs import RunDirectory

Finished = tuple[Callable[..., RunConfig], Path]


def kind(tokens: int = 100, guideline: str = "plan", task: str = "sums", *, fit: bool = True) -> Kind:
    return Kind(task, guideline, False, "correct" if fit else "incorrect", fit, fit, tokens)


def chart(kinds: dict[Kind, int], title: str, tmp_path: Path) -> Chart:
    funnel = Funnel()
    funnel.total.chains = sum(kinds.values())
    items = made_items(Chains(funnel, kinds), RunDirectory(tmp_path))
    return next(one for one in items if isinstance(one, Chart) and one.title == title)


def test_the_funnel_is_drawn_by_task_and_adds_up(finished: Finished) -> None:
    chains = read_chains(RunDirectory(finished[1]))
    items = made_items(chains, RunDirectory(finished[1]))
    bars = next(one for one in items if isinstance(one, Chart)).drawing.rows
    drawn = Counter[str]()
    for bar in bars:
        drawn[bar.label] += bar.value  # type: ignore[union-attr]
    total = chains.funnel.total
    assert dict(drawn) == {name: getattr(total, name) for name in ("chains", "parsed", "correct", "fit", "kept")}


def test_guidelines_are_in_order_of_their_yield_and_several_count_for_each(tmp_path: Path) -> None:
    kinds = {
        kind(guideline="a"): 1,
        kind(guideline="a", fit=False): 3,
        kind(guideline="b"): 2,
        kind(guideline="a+b"): 1,
    }
    tiles = chart(kinds, "Yield by guideline and task", tmp_path).drawing.rows
    shown = [(one.row, one.share, one.text) for one in tiles]  # type: ignore[union-attr]
    assert shown == [("b", 1.0, "3 of 3 chains"), ("a", 0.4, "2 of 5 chains")]


@pytest.mark.parametrize(
    ("lengths", "edges"),
    [
        ({7: 1}, [0, 1, 8]),
        ({100: 5, 230: 1}, [0, 10, 240]),
        ({100: 999, 100_000: 1}, [0, 5, 105]),
        ({10**12: 1}, [0, 5 * 10**10, 105 * 10**10]),
    ],
)
def test_lengths_are_parted_at_round_numbers_and_all_but_the_longest_are_drawn(
    lengths: dict[int, int], edges: list[int], tmp_path: Path
) -> None:
    found = chart({kind(tokens): count for tokens, count in lengths.items()}, "Length of the reasoning paths", tmp_path)
    bins = found.drawing.rows
    assert [bins[0].low, bins[0].high, bins[-1].high] == edges  # type: ignore[union-attr]
    longer = sum(count for tokens, count in lengths.items() if tokens >= edges[-1])
    assert sum(one.count for one in bins) == sum(lengths.values()) - longer  # type: ignore[union-attr]
    assert found.note == (f"{longer:,} longer than {edges[-1]:,} tokens not drawn" if longer else "")
