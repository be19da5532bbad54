"""Charts as data: what is drawn, and the same figures as a table.

Chart("Loss", Lines("step", "loss", [Point(1, 0.70), Point(2, 0.41)]), table)

A page holds the data; the script of the page draws it with Observable Plot, at the width that there is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from regenesis.report.blocks import Table
from regenesis.report.html import Html, element, escaped, html_table
from regenesis.report.text import in_a_line

_LABEL = 60
"""Characters of a name that a chart shows at most."""


@dataclass(frozen=True, slots=True)
class Span:
    """A value with its interval.

    Attributes:
        label: The row it stands in.
        series: Which of several in that row.
        value: The value.
        low: Where its interval begins.
        high: Where it ends.
        text: The same in figures.
        tone: `better`, `worse`, or empty for neither.
    """

    label: str
    series: str
    value: float
    low: float
    high: float
    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Values with their intervals, a row each; differences have a line at 0."""

    axis: str
    rows: Sequence[Span]
    differences: bool
    kind: Literal["intervals"] = "intervals"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, or one part of a bar."""

    label: str
    part: str
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars from left to right, a row each, their parts side by side."""

    axis: str
    rows: Sequence[Bar]
    kind: Literal["bars"] = "bars"


@dataclass(frozen=True, slots=True)
class Tile:
    """A cell of a heat map: a share between 0 and 1."""

    row: str
    column: str
    share: float
    text: str


@dataclass(frozen=True, slots=True)
class Heat:
    """Shares by two names."""

    rows: Sequence[Tile]
    kind: Literal["heat"] = "heat"


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a line.

    Attributes:
        x: Its place from left to right.
        y: Its height.
        series: The line's name, by which it is coloured.
        piece: Which piece of the line it is in; pieces are not joined.
    """

    x: float
    y: float
    series: str = ""
    piece: int = 0


@dataclass(frozen=True, slots=True)
class Lines:
    """One line a series."""

    across: str
    up: str
    rows: Sequence[Point]
    kind: Literal["lines"] = "lines"


@dataclass(frozen=True, slots=True)
class Bin:
    """How many values lie between two others."""

    low: float
    high: float
    count: int
    series: str = ""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts by size, stacked by series."""

    across: str
    rows: Sequence[Bin]
    kind: Literal["histogram"] = "histogram"


Drawing = Intervals | Bars | Heat | Lines | Histogram


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing.

    Attributes:
        title: What it shows.
        drawing: What is drawn.
        table: The same figures.
        note: How to read it.
    """

    title: str
    drawing: Drawing
    table: Table
    note: str = ""


def html_chart(chart: Chart, name: str) -> Html:
    """A chart with its figures; nothing where there is nothing to draw."""
    if not chart.drawing.rows:
        return Html("")
    data = json.dumps(_with_short_names(asdict(chart.drawing)), ensure_ascii=False, allow_nan=False)
    note = [element("span", escaped(chart.note), class_="quiet")] if chart.note else []
    title = element("figcaption", element("strong", escaped(chart.title)), Html(" "), *note)
    plot = element("div", class_="plot", data_chart=data, role="img", aria_label=chart.title)
    figures = element("details", element("summary", Html("Figures")), html_table(chart.table, name), class_="figures")
    return element("figure", title, plot, figures)


def _with_short_names(drawing: dict[str, object]) -> dict[str, object]:
    """The drawing with names of any length cut to what a chart can show."""
    rows = drawing["rows"]
    assert isinstance(rows, list | tuple)
    short = [
        {key: in_a_line(value, _LABEL) if isinstance(value, str) else value for key, value in row.items()}
        for row in rows
    ]
    return {**drawing, "rows": short}
