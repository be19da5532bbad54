"""Tells a plan from a solution: does a reasoning structure already hold results?"""

from __future__ import annotations

import re

_COMPUTED = re.compile(r"(?<![<>!=])(?:=|≈)\s*[^\w\s]{0,3}\s*-?\d")
_STATED = re.compile(r"\\boxed|\b(?:final |correct |right )?answer\s*(?:is|:|=)\s*\S", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


def holds_results(structure: str, question_text: str) -> bool:
    """Whether a structure works the question out: it computes a number, or states an answer.

    What the question says itself is no result: an equation quoted from it does not count.

    Args:
        structure: A reasoning structure as the model wrote it.
        question_text: The question it is for.
    """
    known = _SPACE.sub("", question_text)
    for match in _COMPUTED.finditer(structure):
        end = match.end()
        while end < len(structure) and structure[end].isdigit():
            end += 1
        equation = _SPACE.sub("", structure[max(0, match.start() - 3) : end])
        if equation not in known:
            return True
    return _STATED.search(structure) is not None
