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
from regenesis.curation.text import asked_phrase, mentions, phrase

_COMPILED: Mapping[Source, Sequence[re.Pattern[str]]] = {
    source: [re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE | re.MULTILINE) for pattern in patterns]
    for source, patterns in PATTERNS.items()
}


def _any_of(flags: re.RegexFlag) -> re.Pattern[str]:
    """One expression that matches wherever any pattern does, at a small part of the cost of trying each of them."""
    plain = [
        pattern.replace(" ", r"\s+").replace("(?P<excuse>", "(?:") for group in PATTERNS.values() for pattern in group
    ]
    at_words = "|".join(pattern.removeprefix(r"\b") for pattern in plain if pattern.startswith(r"\b"))
    at_lines = "|".join(pattern for pattern in plain if not pattern.startswith(r"\b"))
    return re.compile(rf"(?<!\w)(?=\w)(?:{at_words})|{at_lines}", re.MULTILINE | flags)


_ANY = _any_of(re.IGNORECASE)
_ANY_IN_LOWER_CASE = _any_of(re.NOFLAG)


def find_leak(text: str, question: str, scaffold: Sequence[str] = ()) -> Source | None:
    """What the text lets slip first in the order hint, structure, guideline, prompt, scaffold; `None` if nothing.

    Args:
        text: A path, or a part of one.
        question: The question's text, which excuses what it speaks of itself.
        scaffold: Phrases of the prompt set which may not occur either, compared word by word.
    """
    asked = asked_phrase(question)
    for source, patterns in _COMPILED.items() if _may_leak(text) else ():
        if any(not _excused(match, asked) for pattern in patterns for match in pattern.finditer(text)):
            return source
    if not scaffold:
        return None
    said = phrase(text)
    return "scaffold" if any(part in said and part not in asked for part in _phrases(tuple(scaffold))) else None


@lru_cache(maxsize=16)
def _phrases(scaffold: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(found for found in map(phrase, scaffold) if found.strip())


def _may_leak(text: str) -> bool:
    """Whether any pattern matches, excused or not; most paths stop here."""
    # ignoring case is slow, and the same as lower case where there are no letters but A to Z
    found = _ANY_IN_LOWER_CASE.search(text.lower()) if text.isascii() else _ANY.search(text)
    return found is not None


def _excused(match: re.Match[str], asked: str) -> bool:
    return mentions(asked, match.groupdict().get("excuse") or match[0])
