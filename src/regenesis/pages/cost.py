"""What a run cost: tokens and time by stage, speed, the loss, and money at a price."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regenesis.evaluation import STAGE as EVALUATING
from regenesis.filesystems import read_bounded
from regenesis.ledger import StageTotals
from regenesis.pages.charts import Bar, Bars, Chart, Lines, Point
from regenesis.pages.sections import Item
from regenesis.report.blocks import Column, Facts, Table
from regenesis.report.figures import counted, duration, rounded
from regenesis.report.views.status import stages_table
from regenesis.runs import Status
from regenesis.runs.status import log_entries, stage_seconds
from regenesis.store.directory import RunDirectory
from regenesis.training.history import CSV

_FEWEST = 3
"""Points from which on a line says something."""
_MOST = 400
"""Points of a line."""
_FEW_SECONDS = 10
"""From which on whole seconds will do."""
_MILLION = 1_000_000
_STARTS = ("start", "evaluate")
_SECONDS_APART = 10
"""Below that, a few completions that happen to end together look like a peak."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, in whatever currency.

    Attributes:
        prompt: Of the prompts.
        new: Generated.
    """

    prompt: float
    new: float

    def of(self, prompt_tokens: int, new_tokens: int) -> float:
        """What some tokens cost."""
        return (prompt_tokens * self.prompt + new_tokens * self.new) / _MILLION


def cost_items(directory: RunDirectory, status: Status, price: Price | None) -> Iterator[Item]:
    """What a run cost so far."""
    yield Facts(list(_facts(directory, status, price)))
    parts = {"prompt tokens": "prompt_tokens", "new tokens": "completion_tokens"}
    bars = [
        Bar(stage, part, getattr(totals, name), f"{getattr(totals, name):,}")
        for stage, totals in sorted(status.stages.items(), key=lambda one: one[0] == EVALUATING)
        for part, name in parts.items()
    ]
    if status.stages:
        yield Chart("Tokens by stage", Bars("tokens", bars), stages_table(status))
    speeds = list(_speeds(directory))
    if len(speeds) >= _FEWEST:
        table = _line_table("minutes", "tokens/s", speeds)
        yield Chart(
            "Speed of the engine", Lines("minutes", "new tokens/s", _thinned(speeds)), table, "paused time left out"
        )
    losses = list(_losses(directory))
    if len(losses) >= _FEWEST:
        yield Chart("Training loss", Lines("step", "loss", _thinned(losses)), _line_table("step", "loss", losses))


def _facts(directory: RunDirectory, status: Status, price: Price | None) -> Iterator[tuple[str, str]]:
    spent = stage_seconds(directory.log)
    stages = {name: seconds for name, seconds in spent.items() if name and seconds}
    trained = (status.trained or {}).get("seconds")
    if isinstance(trained, int | float) and not stages.get("train"):
        stages["train"] = trained
    if stages:
        by_stage = ", ".join(f"{name} {duration(seconds)}" for name, seconds in stages.items())
        yield "time", f"{duration(sum(stages.values()))}: {by_stage}"
    asked = [total for stage, total in status.stages.items() if stage != EVALUATING]
    generated = sum(total.completion_tokens for total in asked)
    if asked:
        yield (
            "synthesis",
            f"{counted(sum(one.completions for one in asked), 'completion')}, {rounded(generated)} new tokens",
        )
    if status.kept:
        took = spent.get("synthesize", 0) / status.kept
        yield "a kept path", f"{rounded(generated / status.kept)} new tokens, {_seconds(took)}"
    if price is not None and status.stages:
        of = f"at {price.prompt:g} a million prompt tokens and {price.new:g} a million new tokens"
        whole = _price(price, status.stages)
        each = f", {whole / status.kept:,.3g} a kept path" if status.kept else ""
        yield "money", f"{whole:,.3g}{each}, {of}; as if no prompt were cached"


def _seconds(seconds: float) -> str:
    return duration(seconds) if seconds >= _FEW_SECONDS else f"{seconds:.2f} s"


def _price(price: Price, stages: Mapping[str, StageTotals]) -> float:
    return sum(price.of(one.prompt_tokens, one.completion_tokens) for one in stages.values())


def _speeds(directory: RunDirectory) -> Iterator[Point]:
    """New tokens a second between lines of the log some seconds apart, by minutes of work."""
    stage, start, before, worked = "synthesize", 0, (0.0, 0.0), 0.0
    for entry in log_entries(directory.log):
        if entry.get("event") in _STARTS:
            stage = "evaluate" if entry["event"] == "evaluate" else "synthesize"
            start, before = start + 1, (0.0, 0.0)
        now = _two(entry.get("elapsed_s"), entry.get("completion_tokens"))
        if now is not None and now[0] >= before[0] + _SECONDS_APART:
            seconds, tokens = now[0] - before[0], now[1] - before[1]
            worked, before = worked + seconds, now
            if tokens >= 0:
                yield Point(round(worked / 60, 3), round(tokens / seconds, 2), stage, start)


def _losses(directory: RunDirectory) -> Iterator[Point]:
    try:
        text = read_bounded(directory.training / CSV).decode("utf-8", "replace")
    except (OSError, ValueError):
        return
    for row in csv.DictReader(text.splitlines()):
        try:
            step, loss = float(row["step"]), float(row["loss"])
        except (KeyError, TypeError, ValueError):
            continue
        if math.isfinite(step) and math.isfinite(loss):
            yield Point(step, loss)


def _two(*values: Any) -> tuple[float, float] | None:
    first, second = (
        float(one) if isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one) else None
        for one in values
    )
    return None if first is None or second is None else (first, second)


def _thinned(points: list[Point]) -> list[Point]:
    """As many points as a line can show, evenly."""
    every = math.ceil(len(points) / _MOST)
    return points[::every]


def _line_table(across: str, up: str, points: list[Point]) -> Table:
    columns = [Column(across, right=True), Column(up, right=True), Column("stage")]
    return Table(columns, [[f"{one.x:g}", f"{one.y:g}", one.series] for one in _thinned(points)])
