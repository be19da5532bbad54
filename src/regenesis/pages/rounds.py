"""What each round of a run made, side by side: what the tuned model adds when it is sampled from."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from fractions import Fraction

from regenesis.curation import Funnel
from regenesis.errors import RunError
from regenesis.pages.chains import Chains, read_chains
from regenesis.pages.charts import Bar, Bars, Chart
from regenesis.pages.sections import Item
from regenesis.report.blocks import Column, Note, Table
from regenesis.report.figures import share
from regenesis.report.rounding import percent
from regenesis.store.directory import RunDirectory


def rounds_items(directory: RunDirectory, chains: Chains) -> Iterator[Item]:
    """The rounds of a run, where there are several; each later one has a page of its own besides.

    Args:
        directory: The run.
        chains: Its own chains, those of the first round.
    """
    later = directory.later_rounds()
    if not later:
        return
    funnels = {"1": chains.funnel}
    for number, one in enumerate(later, start=2):
        found = _funnel(one)
        if found is not None:
            funnels[str(number)] = found
    bars = [
        Bar(
            f"round {number}",
            "",
            100 * funnel.total.fit / funnel.total.chains,
            share(funnel.total.fit, funnel.total.chains),
        )
        for number, funnel in funnels.items()
        if funnel.total.chains
    ]
    reading = "chains that gave a correct path fit to train on, in % of those begun"
    yield Chart("Yield by round", Bars("% of chains", bars), _table(funnels), reading)
    commands = [f"regenesis report {shlex.quote(str(one.path))}" for one in later]
    yield Note(
        "The rest of this page is about the first round; each later one has a page of its own.", details=commands
    )


def _funnel(directory: RunDirectory) -> Funnel | None:
    """What a later round came to so far, `None` before it has begun."""
    try:
        return read_chains(directory).funnel
    except RunError:  # no run yet, or its own page says what is wrong with it
        return None


def _table(funnels: dict[str, Funnel]) -> Table:
    columns = [
        *(Column("round"), Column("questions", right=True), Column("served", right=True), Column("chains", right=True)),
        *(Column("correct %", right=True), Column("fit %", right=True), Column("kept", right=True)),
    ]
    rows = []
    for number, funnel in funnels.items():
        total = funnel.total
        shares = [
            percent(Fraction(count, total.chains)) if total.chains else "–" for count in (total.correct, total.fit)
        ]
        rows.append(
            [number, f"{total.questions:,}", f"{total.served:,}", f"{total.chains:,}", *shares, f"{total.kept:,}"]
        )
    return Table(columns, rows)
