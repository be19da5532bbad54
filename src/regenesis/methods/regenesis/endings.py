"""What of a path stands when the model is asked for its end: one short turn in place of a whole new chain."""

from __future__ import annotations

from regenesis.methods.regenesis.structures import is_looping
from regenesis.types import GradedPath

_FENCE = "```"
_LEAST_LEFT = 0.5
"""Share of a truncated path that must be left once its broken-off paragraph is gone."""


def standing(judged: GradedPath) -> str | None:
    """The part of a path that an end can be put behind; `None` where an end would not help.

    A path that was truncated stands up to its last whole paragraph, or line where there is only one: what was broken
    off may leave a formula open. A program that was broken off goes as a whole. One that only lacks its box stands as
    it is.
    """
    text, verdict = judged.path.text, judged.verdict
    if judged.defect == "unboxed":
        return text.rstrip() if verdict.status != "incorrect" else None
    boxed_wrong = verdict.status == "incorrect" and verdict.rule == "box"
    if judged.defect != "truncated" or boxed_wrong or is_looping(text):
        return None
    whole = text.rpartition(_FENCE)[0].rstrip() if text.count(_FENCE) % 2 else text
    for end in ("\n\n", "\n"):
        # the paragraph before a program announces it, and goes with it
        left = whole.rpartition(end)[0].rstrip()
        if len(left) >= _LEAST_LEFT * len(whole):
            return left
    return None
