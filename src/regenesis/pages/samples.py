"""Which of a run's texts a page shows: all of them where they are few, else as many as fit, evenly over the run.

evenly({"q1": 0, "q2": 1})                  # the order in which they are shown while there is room
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from regenesis.report.html import Html, element, escaped
from regenesis.report.text import in_a_line

LONGEST = 12_000
"""Characters of one text that a page shows."""
TONES = {"correct": "better", "incorrect": "worse", "unparsed": "caution"}
"""Tones of badges by verdict."""
_SUMMARY = 150


def evenly(names: Mapping[str, int]) -> list[str]:
    """Names in an order that is the same every time and has nothing to do with how they are ordered; lower ranks first.

    Args:
        names: Each with its rank.
    """
    return sorted(names, key=lambda name: (names[name], hashlib.blake2b(name.encode(errors="replace")).digest()))


def shown_text(text: str) -> Html:
    """A text that a model or a file holds, its whole length or the beginning of it."""
    cut = text[:LONGEST]
    more = len(text) - len(cut)
    said = element("em", escaped(f"… {more:,} more characters")) if more else Html("")
    return element("div", escaped(cut.strip() or "(empty)"), said, class_="text", dir="auto")


def summary_line(text: str) -> Html:
    """The beginning of a text on one line."""
    return element("span", escaped(in_a_line(text, _SUMMARY)), class_="begins", dir="auto")


def badge(text: str, tone: str = "") -> Html:
    """A word in a frame."""
    return element("span", escaped(text), class_=f"badge {tone}".strip())


def filters(name: str, kinds: Mapping[str, tuple[str, list[str]]]) -> Html:
    """What narrows a list down; a page without scripts shows the whole list.

    Args:
        name: The list.
        kinds: What may be chosen, by the attribute that it looks at: a label and the values.
    """
    choices = (
        element(
            "label",
            escaped(label),
            Html(" "),
            element(
                "select",
                element("option", Html("all"), value=""),
                *(element("option", escaped(in_a_line(value, 60)), value=value) for value in values),
                data_by=attribute,
            ),
        )
        for attribute, (label, values) in kinds.items()
        if len(values) > 1
    )
    search = element("label", Html("text "), element("input", type="search", placeholder="search, /", data_search=True))
    count = element("output", class_="count")
    return element("form", *choices, search, count, class_="filters", data_of=name)
