"""Small views of a text that the filters share: its words and its lines.

    words("It's 1,200 km.")  # ("it's", "1,200", "km")

All are linear in the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_WORD = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
_ASCII_WORD = re.compile(r"[0-9]+(?:[.,:/][0-9]+)*|[a-z]+(?:'[a-z]+)*")
_INVISIBLE = dict.fromkeys([0xFEFF, 0x200B, 0x2060, 0x00AD])
_LETTERS = re.compile(r"[^\W\d_]+")
_GRAM = 3
_BLANK_LINES = re.compile(r"\n{3,}")


@lru_cache(maxsize=64)
def words(text: str) -> tuple[str, ...]:
    """The words and numbers of a text, case folded, punctuation left out; a number stays whole.

    Remembered for a while: several filters look at the words of the same text.
    """
    word = _ASCII_WORD if text.isascii() else _WORD
    return tuple(word.findall(text.casefold()))


@lru_cache(maxsize=64)
def lowered(text: str) -> str:
    """The text in which a pattern of lower-case ASCII letters finds what it finds in the other one, case ignored.

    Ignoring case is slow, and hides the letters by which a pattern could be ruled out. What matches stands at the same
    place in both.
    """
    if text.isascii():
        return text.lower()
    # the two letters that `re` takes for an i and an s whatever lower case is, and the one that would become two
    return text.replace("İ", "i").lower().replace("ı", "i").replace("ſ", "s")


@lru_cache(maxsize=64)
def said_words(text: str) -> frozenset[str]:
    """The words of a text as `lowered` spells them, each once, and the parts of those with an apostrophe."""
    if not text.isascii():
        return frozenset(_LETTERS.findall(lowered(text)))
    said = frozenset(words(text))
    return said.union(part for word in said if "'" in word for part in word.split("'")) if "'" in text else said


def holds_any(text: str, pieces: Iterable[str]) -> bool:
    """Whether a text holds one of some pieces."""
    return any(piece in text for piece in pieces)


@lru_cache(maxsize=64)
def longest_unspaced(text: str) -> int:
    """How many characters the longest piece of a text has that holds no white space."""
    return max(map(len, text.split()), default=0)


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
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = text.translate(_INVISIBLE)
    text = "\n".join([line.rstrip() for line in text.split("\n")])
    return _BLANK_LINES.sub("\n\n", text).strip()


def capitalised(text: str) -> str:
    """The text with its first character in upper case."""
    return text[:1].upper() + text[1:]
