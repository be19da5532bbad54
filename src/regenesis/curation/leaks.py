"""Leaks: places where a path talks of what it was led by rather than of the question.

    find_leak("As the guideline suggests, …", question)  # "guideline"

A path must stand on its own. It may not mention the hint or that it knew the answer, the reasoning structure,
the guideline, or the person or prompt that asked. What the question itself speaks of, a path may speak of too: a
match is excused if its `excuse` group, or all of it, occurs in the question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from regenesis.curation.leak_patterns import PATTERNS, Source
from regenesis.curation.text import asked_phrase, lowered, mentions, phrase, said_words

_COMPILED: Mapping[Source, Sequence[tuple[frozenset[str], re.Pattern[str]]]] = {
    source: [
        (frozenset(needed.split()), re.compile(pattern.replace(" ", r"\s+"), re.MULTILINE))
        for needed, pattern in patterns
    ]
    for source, patterns in PATTERNS.items()
}


def find_leak(text: str, question: str, scaffold: Sequence[str] = ()) -> Source | None:
    """What the text lets slip first in the order hint, structure, guideline, prompt, scaffold; `None` if nothing.

    Args:
        text: A path, or a part of one.
        question: The question's text, which excuses what it speaks of itself.
        scaffold: Phrases of the prompt set which may not occur either, compared word by word.
    """
    asked, lower, said = asked_phrase(question), lowered(text), said_words(text)
    for source, patterns in _COMPILED.items():
        for needed, pattern in patterns:
            if not needed.isdisjoint(said) and any(not _excused(match, asked) for match in pattern.finditer(lower)):
                return source
    if not scaffold:
        return None
    text = phrase(text)
    return "scaffold" if any(part in text and part not in asked for part in _phrases(tuple(scaffold))) else None


@lru_cache(maxsize=16)
def _phrases(scaffold: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(found for found in map(phrase, scaffold) if found.strip())


def _excused(match: re.Match[str], asked: str) -> bool:
    return mentions(asked, match.groupdict().get("excuse") or match[0])
