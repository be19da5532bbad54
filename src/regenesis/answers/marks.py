r"""Answers marked by a box, a tag or `####`.

[found.text for found in marked(r"so \boxed{18}", r"so \boxed{18}")]  # ["18"]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Place = Literal["box", "tag", "hashes", "phrase", "line", "claim", "conclusion", "opening", "sentence"]

MOST_STATEMENTS = 40


Manner = Literal["marked", "named", "headed", "called", "loose"]
"""`named`: "the answer is"; `headed`: "Answer:"; `called`: "B is correct"; `loose`: of an option, a solution …"""


class Found(NamedTuple):
    """Where an answer is stated.

    Attributes:
        position: Where the statement begins.
        place: What marks it.
        text: What is stated; `None` for what follows at `content`.
        content: Where what is stated begins.
        manner: How a phrase states it.
    """

    position: int
    place: Place
    text: str | None
    content: int
    manner: Manner = "marked"


_BOX = re.compile(r"\\(?:begin)?f?boxed(?![A-Za-z])\s*|\\fbox(?![A-Za-z])\s*")
_UNBRACED = re.compile(r"\s*([^\s{}$\\,.;]+)")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BETWEEN_BOXES = re.compile(
    r"(?:[\s,;$]|\\[()\[\]]|\\q?quad|\\[,;: ]|\\(?:text|mbox|textrm)\s*\{[\s,]*(?:and|or)?[\s,]*\}|\band\b|\bor\b)*"
)
_TAG = re.compile(r"<(?:final_)?answer>|\[answer\]", re.IGNORECASE)
_TAG_END = re.compile(r"</?(?:final_)?answer\b|\[/?answer\]", re.IGNORECASE)
_HASHES = re.compile(r"(?<!#)#{4}[ \t]*(?=[^\s#])([^\n]*)")


def marked(text: str, lowered: str) -> Iterator[Found]:
    """Boxes, tags and `####` in a text and its lower-case copy."""
    if "box" in lowered:
        yield from _boxes(text)
    if "answer>" in lowered or "[answer]" in lowered:
        yield from _tags(text)
    if "####" in text:
        for match in _HASHES.finditer(text):
            yield Found(match.start(), "hashes", match[1], match.end())


def _boxes(text: str) -> Iterator[Found]:
    closing: dict[int, int] | None = None
    row: list[str] = []
    first = previous_end = -1
    for match in list(_BOX.finditer(text))[-MOST_STATEMENTS:]:
        start = match.end()
        if text[start : start + 1] != "{":
            word = _UNBRACED.match(text, start)
            if word:
                yield Found(match.start(), "box", word[1], start)
            continue
        closing = _matching_braces(text) if closing is None else closing
        end = closing.get(start)
        if end is None:
            continue
        # boxes side by side state one answer of several values
        if (
            row
            and 0 <= match.start() - previous_end <= 60
            and _BETWEEN_BOXES.fullmatch(text, previous_end, match.start())
        ):
            row.append(text[start + 1 : end].strip())
        else:
            row, first = [text[start + 1 : end].strip()], match.start()
        previous_end = end + 1
        yield Found(max(first, match.start()), "box", " and ".join(dict.fromkeys(row)), start)


def _matching_braces(text: str) -> dict[int, int]:
    closing: dict[int, int] = {}
    open_at: list[int] = []
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            open_at.append(match.start())
        elif match[0] == "}" and open_at:
            closing[open_at.pop()] = match.start()
    return closing


def _tags(text: str) -> Iterator[Found]:
    for match in list(_TAG.finditer(text))[-MOST_STATEMENTS:]:
        end = _TAG_END.search(text, match.end())
        yield Found(match.start(), "tag", text[match.end() : end.start() if end else len(text)], match.end())
