"""What stands under a heading such as "Answer:" or "Solution:" - the answer, or the working that ends in it."""

from __future__ import annotations

import re

from regenesis.answers.endings import endings, is_noise
from regenesis.answers.numbers import read_number
from regenesis.answers.statements import Statement

_STOP = re.compile(
    r"\W*(?:explanation|reasoning|because|(?:this|that) is because|that's because|check|verif|note\b|here\b"
    r"|justification|proof|rationale|why\b|how\b|details|let(?:'s| me| us) (?:double[- ])?(?:check|verify)"
    r"|to (?:check|verify)|reason)|\s*(?:#|```|---|\"\"\"|<)",
    re.IGNORECASE,
)
_STEP = re.compile(r"\W*(?:step\s*[0-9]|[0-9]{1,2}[.)]\s)", re.IGNORECASE)
_SECOND_STEP = re.compile(r"\n\W*2[.)]\s")
_DIGIT = re.compile(r"[0-9]")
_MOST_WORDS = 5


def under_heading(statement: Statement) -> list[Statement]:
    """What a heading states of a number, the likeliest reading first; nothing where it only opens a working.

    A number alone below the heading is the answer. Where a sentence or step stands there and others with numbers
    follow, the heading opens a working: "Answer:" then states what that ends in, any other heading nothing.
    """
    if statement.manner not in ("headed", "loose") or (_is_alone(statement.text) and not _opens_steps(statement)):
        return [statement]
    working = _working(statement.after)
    if not _DIGIT.search(working):
        return [] if _STEP.match(statement.text) else [statement]
    if statement.manner == "loose":
        return []
    return [ending for ending in endings(working) if ending.place != "line" or not _STEP.match(ending.text)]


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
