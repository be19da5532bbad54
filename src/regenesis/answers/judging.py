"""The model's own opinion as a second one: reading its yes or no, and combining it with the checker's verdict.

combine(verdict, read_judgement("Yes, both are 18."), "and")
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from regenesis.answers.endings import endings
from regenesis.answers.guard import guarded
from regenesis.answers.rules import DEFAULT_RULES
from regenesis.answers.statements import statements
from regenesis.answers.turns import final_part
from regenesis.answers.words import read_boolean
from regenesis.types import Verdict

JudgeMode = Literal["off", "and", "tie-break"]

JUDGE_SAID_NO, JUDGE_UNCLEAR = "judge-said-no", "judge-unclear"
"""Rules of verdicts that were `correct` by the checker and are `incorrect` by what the judge said, or did not say."""

_OPENING = re.compile(r"\W*(yes|no)\b(?!\s*(?:or|/)\s*(?:yes|no)\b)", re.IGNORECASE)
_SPOKEN = re.compile(r"\b(?:yes|no)\b", re.IGNORECASE)


@guarded(lambda _: None)
def read_judgement(text: str) -> bool | None:
    """Yes or no in a judge's reply: its last stated answer, its last line, or its first word; `None` if unclear."""
    part = final_part(text, DEFAULT_RULES.window)
    if part is None:
        return None
    for statement in statements(part):
        said = read_boolean(statement.text)
        if said is not None:
            return said
    for ending in endings(part):
        said = read_boolean(ending.text)
        if said is not None:
            return said
    opening = _OPENING.match(part)
    if opening is None:
        return None
    spoken = {word.lower() for word in _SPOKEN.findall(part)}
    return opening[1].lower() == "yes" if len(spoken) == 1 else None


def combine(verdict: Verdict, judgement: bool | None, mode: JudgeMode) -> Verdict:
    """The verdict that counts.

    Args:
        verdict: What the checker made of the answer.
        judgement: What the judge said, `None` if it said nothing clear or was not asked.
        mode: `off` ignores the judge; `and` keeps `correct` only if the judge agrees; `tie-break` lets the judge
            decide what the checker could not read.
    """
    if mode == "and" and verdict.correct and judgement is not True:
        said, rule = ("said no", JUDGE_SAID_NO) if judgement is False else ("gave no clear answer", JUDGE_UNCLEAR)
        return replace(verdict, status="incorrect", reason=f"{verdict.reason}, but the judge {said}", rule=rule)
    if mode == "tie-break" and verdict.status == "unparsed" and judgement is not None:
        said = "yes" if judgement else "no"
        return replace(
            verdict,
            status="correct" if judgement else "incorrect",
            reason=f"{verdict.reason}; the judge said {said}",
            rule="judge",
        )
    return verdict
