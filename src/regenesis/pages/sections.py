"""What a page consists of, before it is HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from regenesis.pages.charts import Chart, html_chart
from regenesis.report.blocks import Block
from regenesis.report.html import Html, element, escaped, html_block

Item = Block | Chart | Html


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure at the top of a page.

    Attributes:
        name: What it is.
        figure: The figure.
        aside: What has to be known of it.
        tone: `better`, `worse`, or anything else for neither.
    """

    name: str
    figure: str
    aside: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page.

    Attributes:
        name: In the page's address, in its menu and in the names of its files.
        title: The question that it answers.
        items: From top to bottom.
    """

    name: str
    title: str
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Attributes:
        title: Its title.
        aside: What has to be known of it at once.
        tiles: The most important figures.
        sections: From top to bottom.
    """

    title: str
    aside: str
    tiles: Sequence[Tile]
    sections: Sequence[Section]


def html_tile(tile: Tile) -> Html:
    """A figure of the top."""
    return element(
        "div",
        element("span", escaped(tile.name), class_="name"),
        element("span", escaped(tile.figure), class_=f"figure {tile.tone}"),
        element("span", escaped(tile.aside), class_="quiet"),
        class_="tile",
    )


def html_section(section: Section) -> Html:
    """A section; its tables and charts are numbered in the names of their files."""
    heading = element("h2", escaped(section.title))
    return element("section", heading, *map(_numbered, _names(section), section.items), id=section.name)


def _names(section: Section) -> list[str]:
    return [f"{section.name}-{number}" for number in range(1, len(section.items) + 1)]


def _numbered(name: str, item: Item) -> Html:
    if isinstance(item, Html):
        return item
    return html_chart(item, name) if isinstance(item, Chart) else html_block(item, name)
