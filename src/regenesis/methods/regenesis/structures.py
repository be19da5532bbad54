"""What is wrong with the replies that lead a chain: a guideline that was cut, a plan that loops or holds results."""

from __future__ import annotations

import re
from collections import Counter

from regenesis.types import Completion

TRUNCATED = "truncated"
LOOPING = "looping"

_COMPUTED = re.compile(r"(?<![<>!=])(?:=|≈)\s*[^\w\s]{0,3}\s*-?\d")
_STATED = re.compile(r"\\boxed|\b(?:final |correct |right )?answer\s*(?:is|:|=)\s*\S", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_MARKER = re.compile(r"^\W*(?:(?:step\s*)?\d{1,3}\W+)?", re.IGNORECASE)
_FEWEST_LINES = 4
_MOST_ALIKE = 2


def fault_of_advice(completion: Completion) -> str | None:
    """Why an adapted guideline cannot be used: one that was cut at its limit did not come to its point."""
    return TRUNCATED if completion.finish_reason == "length" else None


def fault_of_plan(completion: Completion) -> str | None:
    """Why a structure cannot be followed: it says the same steps over and over, or was cut at its limit."""
    if is_looping(completion.text):
        return LOOPING
    return TRUNCATED if completion.finish_reason == "length" else None


def is_looping(structure: str) -> bool:
    """Whether a plan repeats itself: a step comes more than twice, or half of its steps are repeats."""
    lines = [_MARKER.sub("", line).strip().casefold() for line in structure.splitlines()]
    counts = Counter(line for line in lines if len(line.split()) > 1)
    total = counts.total()
    often = any(count > _MOST_ALIKE for count in counts.values())
    return often or (total >= _FEWEST_LINES and 2 * len(counts) <= total)


def holds_results(structure: str, question_text: str) -> bool:
    """Whether a structure works the question out: it computes a number, or states an answer.

    What the question says itself is no result: an equation quoted from it does not count.

    Args:
        structure: A reasoning structure as the model wrote it.
        question_text: The question it is for.
    """
    # most structures hold none of this, and whatever the patterns find does
    if not any(sign in structure for sign in "=≈\\") and "answer" not in structure.casefold():
        return False
    known = _SPACE.sub("", question_text)
    for match in _COMPUTED.finditer(structure):
        end = match.end()
        while end < len(structure) and structure[end].isdigit():
            end += 1
        equation = _SPACE.sub("", structure[max(0, match.start() - 3) : end])
        if equation not in known:
            return True
    return _STATED.search(structure) is not None
