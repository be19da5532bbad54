"""What stands under a heading such as "Answer:" or "Solution:" - the answer, or the working that ends in it."""

from __future__ import annotations

import re
from dataclasses import replace

from regenesis.answers.endings import is_noise, last_sentence
from regenesis.answers.numbers import read_number
from regenesis.answers.statements import Statement

_STOP = re.compile(
    r"\W*(?:explanation|reasoning|because|(?:this|that) is because|that's because|check|verif|note|here|justification"
    r"|proof|rationale|why|how|details|let(?:'s| me| us) (?:double[- ])?(?:check|verify)|to (?:check|verify)|reason)"
    r"|\s*(?:#|```|---|\"\"\"|<)",
    re.IGNORECASE,
)
_STEP = re.compile(r"\W*(?:step\s*[0-9]|[0-9]{1,2}[.)]\s)", re.IGNORECASE)
_SECOND_STEP = re.compile(r"\n\W*2[.)]\s")
_DIGIT = re.compile(r"[0-9]")
_MOST_WORDS = 5


def under_heading(statement: Statement) -> Statement | None:
    """The statement of a number that a heading makes.

    A number alone below the heading is the answer. Where a sentence or step stands there and others with numbers
    follow, the heading opens a working: "Answer:" then states what that ends in, any other heading nothing (`None`).
    """
    if statement.manner not in ("headed", "loose") or (_is_alone(statement.text) and not _opens_steps(statement)):
        return statement
    working = _working(statement.after)
    if not _DIGIT.search(working):
        return statement if not _STEP.match(statement.text) else None
    if statement.manner == "loose":
        return None
    return replace(statement, text=_STEP.sub("", last_sentence(working), count=1), after="")


def _opens_steps(statement: Statement) -> bool:
    return statement.text == "1" and _SECOND_STEP.search(statement.after) is not None


def _is_alone(text: str) -> bool:
    if "=" in text or _STEP.match(text) or len(text.split()) > _MOST_WORDS:
        return False
    return read_number(text) is not None


def _working(after: str) -> str:
    lines = after.split("\n")
    kept = [lines[0].lstrip(" .!")]
    for line in lines[1:]:
        if _STOP.match(line):
            break
        kept.append(line)
    return "\n".join(line for line in kept if not _STOP.match(line) and not is_noise(line)).strip()
