"""Loops: a text that says the same thing over and over.

    loops(text, max_share=0.5)

Three signs, each of its own kind: many word 4-grams are repeats; a cycle of a few lines or sentences comes
several times in a row; a short string comes very often in a row without a space.
"""

from __future__ import annotations

import re

from regenesis.curation.text import longest_unspaced, words

_GRAM = 4
_FEWEST_GRAMS = 20
"""Below this many 4-grams a share says nothing."""
_LONGEST_CYCLE = 6
_CYCLES_IN_A_ROW = 4
_WORDLESS_CYCLES_IN_A_ROW = 12
"""Rows of a table or matrix may well be alike, so more of them must follow each other."""
_UNIT_END = re.compile(r"\s(?:(?<=[.!?]\s)|(?<=\n))\s*")
"""A line's or a sentence's. It begins with what is looked for first, which is three times as fast."""
_UNSPACED_END = re.compile(r"(?<=[。！？])")
_RUN = re.compile(r"([^\s\d]{1,8}?)\1{24,}|(\d)\2{59,}")
_SHORTEST_RUN = 25
"""Characters that `_RUN` spans at least, none of them white space."""
_RULE = re.compile(r"[-=_*.~#|:+ ]+")
_LONGEST_RULE = 200


def loops(text: str, max_share: float) -> bool:
    """Whether the text is caught in a loop.

    Args:
        text: The text.
        max_share: Share of its word 4-grams that may be repeats of earlier ones; 1 turns the whole filter off.
    """
    if max_share >= 1:
        return False
    return repeated_share(text) > max_share or has_cycle(text) or has_run(text)


def repeated_share(text: str) -> float:
    """Share of the text's word 4-grams, numbers included, that occurred before in it; 0 for a very short text."""
    tokens = words(text)
    total = len(tokens) - _GRAM + 1
    if total < _FEWEST_GRAMS:
        return 0.0
    distinct = set(zip(*(tokens[start:] for start in range(_GRAM)), strict=False))
    return 1 - len(distinct) / total


def has_cycle(text: str) -> bool:
    """Whether a cycle of one to six lines or sentences comes at least four times in a row."""
    text = text if text.isascii() else _UNSPACED_END.sub("\n", text)
    units = [unit for part in _UNIT_END.split(text) if (unit := part.strip())]
    if len(units) - len(set(units)) < _CYCLES_IN_A_ROW - 1:
        return False  # most texts: too little comes again
    return any(_cycles_with(units, period) for period in range(1, _LONGEST_CYCLE + 1))


def _cycles_with(units: list[str], period: int) -> bool:
    alike = 0
    for index in range(period, len(units)):
        alike = alike + 1 if units[index] == units[index - period] else 0
        copies = alike // period + 1
        if copies >= _CYCLES_IN_A_ROW:
            has_letters = any(
                character.isalpha() for unit in units[index - period + 1 : index + 1] for character in unit
            )
            if has_letters or copies >= _WORDLESS_CYCLES_IN_A_ROW:
                return True
    return False


def has_run(text: str) -> bool:
    """Whether up to eight characters come 25 times in a row; a ruled line may be longer, a digit repeat more often."""
    if longest_unspaced(text) < _SHORTEST_RUN:
        return False
    return any(not _RULE.fullmatch(run[0]) or len(run[0]) > _LONGEST_RULE for run in _RUN.finditer(text))
