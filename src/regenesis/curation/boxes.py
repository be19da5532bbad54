r"""The `\boxed{}` around a final answer: finding it, taking it off, telling whether it is whole.

    unwrap(r"so \boxed{\frac{1}{2}} kg")  # r"so \frac{1}{2} kg"

One pass over the text whatever is nested in what: texts come from a model and may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(r"(?P<box>\\(?:boxed|fbox)(?![a-zA-Z])\s*)(?P<brace>\{)?|\\.|[{}]", re.DOTALL)
_NAMES = ("\\boxed", "\\fbox")


class Box(NamedTuple):
    """One box in a text: `text[start:inside]` opens it, `text[close]` is its closing brace, -1 if there is none."""

    start: int
    inside: int
    close: int


@lru_cache(maxsize=64)
def boxes(text: str) -> tuple[Box, ...]:
    """Every box of a text, nested ones too, in the order they close; those that never do come last.

    Remembered for a while: all filters look for the boxes of the same text.
    """
    return tuple(_boxes(text, _first(text)))


def _boxes(text: str, start: int) -> Iterator[Box]:
    unclosed: list[Box | None] = []
    for token in _TOKEN.finditer(text, start):
        if token["box"] is not None:
            box = Box(token.start(), token.end(), -1)
            if token["brace"] is None:
                yield box
            else:
                unclosed.append(box)
        elif token[0] == "{":
            unclosed.append(None)
        elif token[0] == "}" and unclosed:
            opened = unclosed.pop()
            if opened is not None:
                yield opened._replace(close=token.start())
    yield from (box for box in unclosed if box is not None)


def _first(text: str) -> int:
    """Where the first box may begin, its end if nowhere; braces before it are none's."""
    first = min((place for name in _NAMES if (place := text.find(name)) >= 0), default=len(text))
    # of several backslashes the first ones may stand for themselves
    return len(text[:first].rstrip("\\"))


def unwrap(text: str) -> str:
    """The text with every whole box replaced by what it holds; broken boxes stay as they are."""
    if "\\" not in text:
        return text
    cuts: list[tuple[int, int]] = []
    for box in boxes(text):
        if box.close >= 0:
            cuts += [(box.start, box.inside), (box.close, box.close + 1)]
    pieces: list[str] = []
    position = 0
    for start, end in sorted(cuts):
        pieces.append(text[position:start])
        position = end
    return "".join(pieces) + text[position:]


def first_box(text: str) -> int | None:
    """Where the first whole box of a text ends, `None` if it holds none."""
    return min((box.close + 1 for box in boxes(text) if box.close >= 0), default=None)


def has_broken_box(text: str) -> bool:
    """Whether a box has no closing brace, or holds nothing."""
    return any(box.close < 0 or not text[box.inside : box.close].strip() for box in boxes(text))
