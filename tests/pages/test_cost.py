from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regenesis.config import RunConfig
from regenesis.pages.charts import Chart
from regenesis.pages.cost import Price, cost_items
from regenesis.report.blocks import Facts
from regenesis.runs import RunDirectory, read_status

Finished = tuple[Callable[..., RunConfig], Path]


def charts(run: Path) -> dict[str, Chart]:
    items = cost_items(RunDirectory(run), read_status(run), None)
    return {one.title: one for one in items if isinstance(one, Chart)}


def facts(run: Path, price: Price | None) -> dict[str, str]:
    found = next(one for one in cost_items(RunDirectory(run), read_status(run), price) if isinstance(one, Facts))
    return dict(found.rows)


def write_log(run: Path, *events: Any) -> None:
    (run / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in events))


def event(elapsed: Any, tokens: Any, name: str = "progress") -> dict[str, Any]:
    return {"event": name, "elapsed_s": elapsed, "completion_tokens": tokens}


def test_tokens_are_those_of_the_ledger(finished: Finished) -> None:
    bars = charts(finished[1])["Tokens by stage"].drawing.rows
    totals = read_status(finished[1]).stages
    shown = {(one.label, one.part): one.value for one in bars}  # type: ignore[union-attr]
    assert shown[("solve", "new tokens")] == totals["solve"].completion_tokens > 0
    assert shown[("solve", "prompt tokens")] == totals["solve"].prompt_tokens


def test_speed_is_that_between_lines_of_the_log_and_starts_are_not_joined(finished: Finished) -> None:
    write_log(
        finished[1],
        {"event": "start"},
        event(30, 300),
        event(31, 400),
        event(60, 900),
        {"event": "evaluate"},
        event(10, 50),
    )
    points = charts(finished[1])["Speed of the engine"].drawing.rows
    assert [(one.x, one.y, one.series, one.piece) for one in points] == [  # type: ignore[union-attr]
        (0.5, 10.0, "synthesize", 1),
        (1.0, 20.0, "synthesize", 1),
        (1.167, 5.0, "evaluate", 2),
    ]


@pytest.mark.parametrize("odd", [None, "x", [], True, 1e400, float("nan"), -5])
def test_a_log_that_holds_something_else_has_no_speed(finished: Finished, odd: Any) -> None:
    write_log(finished[1], {"event": "start"}, *[event(odd, odd), event(odd, 5), event(5, odd)] * 5)
    assert "Speed of the engine" not in charts(finished[1])


def test_the_loss_is_that_of_the_history(finished: Finished) -> None:
    folder = finished[1] / "training"
    folder.mkdir()
    (folder / "history.csv").write_text("step,loss\n1,0.9\n2,nan\n3,0.5\nx,y\n4,0.25\n5")
    points = charts(finished[1])["Training loss"].drawing.rows
    assert [(one.x, one.y) for one in points] == [(1.0, 0.9), (3.0, 0.5), (4.0, 0.25)]  # type: ignore[union-attr]


def test_money_counts_prompt_and_new_tokens_at_their_prices(finished: Finished) -> None:
    run = finished[1]
    totals = read_status(run).stages.values()
    prompts, new = sum(one.prompt_tokens for one in totals), sum(one.completion_tokens for one in totals)
    money = facts(run, Price(2.0, 10.0))["money"]
    assert money.startswith(f"{(2 * prompts + 10 * new) / 1e6:.3g}, ")
    assert money.endswith("at 2 a million prompt tokens and 10 a million new tokens; as if no prompt were cached")
    assert "money" not in facts(run, None)
