"""Small views of a text that the filters share: its words and its lines.

    words("It's 1,200 km.")  # ("it's", "1,200", "km")

All are linear in the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_WORD = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
_INVISIBLE = dict.fromkeys([0xFEFF, 0x200B, 0x2060, 0x00AD])
_GRAM = 3
_BLANK_LINES = re.compile(r"\n{3,}")


@lru_cache(maxsize=64)
def words(text: str) -> tuple[str, ...]:
    """The words and numbers of a text, case folded, punctuation left out; a number stays whole.

    Remembered for a while: several filters look at the words of the same text.
    """
    return tuple(_WORD.findall(text.casefold()))


def grams(tokens: Sequence[str]) -> list[tuple[str, ...]]:
    """The 3-grams of some words; fewer words than three are one gram."""
    if len(tokens) < _GRAM:
        return [tuple(tokens)]
    return list(zip(*(tokens[start:] for start in range(_GRAM)), strict=False))


def phrase(text: str) -> str:
    """The words of a text with one space around each, so that `in` finds whole words only."""
    return f" {' '.join(words(text))} "


@lru_cache(maxsize=256)
def asked_phrase(question: str) -> str:
    """The `phrase` of a question's text, remembered: all filters compare all of its paths with it."""
    return phrase(question)


def mentions(asked: str, spoken: str) -> bool:
    """Whether the words spoken occur in a `phrase`, in the singular or with an s."""
    singular = phrase(spoken).strip().removesuffix("s")
    return f" {singular} " in asked or f" {singular}s " in asked


def tidy(text: str) -> str:
    """The text with Unix line ends and without invisible characters, trailing spaces and runs of blank lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_INVISIBLE)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()


def capitalised(text: str) -> str:
    """The text with its first character in upper case."""
    return text[:1].upper() + text[1:]
