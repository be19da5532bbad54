"""Substrings without which a costly pattern cannot match: looking for them first spares most searches.

    if mentions(lowered, ("choose", "pick")):
        pattern.finditer(lowered)

`in` runs at the speed of memory; an alternation is tried anew at every character.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def mentions(text: str, cues: Sequence[str]) -> bool:
    """Whether any of the cues occurs in a text."""
    for cue in cues:  # noqa: SIM110 - a generator costs as much again as the searches
        if cue in text:
            return True
    return False


def positions(text: str, cues: Sequence[str], start: int, end: int) -> Iterator[int]:
    """Where any of the cues begins between `start` and `end`, in order."""
    found: set[int] = set()
    for cue in cues:
        at = text.find(cue, start, end)
        while at >= 0:
            found.add(at)
            at = text.find(cue, at + 1, end)
    yield from sorted(found)
