"""A response that opens with its answer and then explains it: "B. The reason is …", or "Yes, because …".

Looked at only where neither a statement nor the ending gives an answer.
"""

from __future__ import annotations

import re

from regenesis.answers.statements import Statement, sentence_end
from regenesis.types import AnswerKind

_LABELLED = re.compile(r"\s*[*_]{0,2}\(?([A-Za-z])[).:][*_]{0,2}\s", re.MULTILINE)
_LISTED_LINE = re.compile(
    r"[-*•\s]*(?:option\s+)?[*_]{0,2}\(?([A-Za-z]|[0-9]{1,2})(?:[).:]|\)[:.])(?:\s|$)", re.IGNORECASE
)
_RESTATED = re.compile(r"\W*(?:option|choice)\s+\(?(?:[A-Za-z]|[0-9]{1,2})\)?\s*:", re.IGNORECASE)
_INLINE_MARK = re.compile(r"(?:^|\s)\(([A-Za-z])\)\s")
_YES_OR_NO = re.compile(
    r"\s*[*_]{0,2}(?:\(?[A-Za-z][).:]\s+)?[*_]{0,2}(yes|no|true|false)[*_]{0,2}\s*(?:[.,:;!\n—-]|$)", re.IGNORECASE
)
_NUMBER_EXPLAINED = re.compile(
    r"\s*([^\n=]{1,60}?)(?:\s*\n\s*[*_#]{0,4}(?:explanation|reasoning|because|solution|here)\b|\s+because\b)",
    re.IGNORECASE,
)
_LONGEST_LINE = 200


def opening(text: str, kind: AnswerKind) -> Statement | None:
    """The answer a text opens with: its first line or sentence, if it lists no further options.

    A number must fill the first line and be followed by an explanation that calls itself one.
    """
    if kind == "number":
        match = _NUMBER_EXPLAINED.match(text.lstrip()[:_LONGEST_LINE])
        return None if match is None else Statement(match[1], "opening")
    if kind not in ("choice", "boolean"):
        return None
    text = text.lstrip()[:4_000]
    line, _, rest = text.partition("\n")
    line = line.strip()
    if _RESTATED.match(line):
        return None
    if rest.strip() and 0 < len(line) <= _LONGEST_LINE and not _lists_options(text):
        return Statement(line, "opening")
    labelled = _LABELLED.match(text)
    if labelled is not None and not _lists_options(text):
        return Statement(labelled[1].upper(), "opening")
    if _YES_OR_NO.match(text):
        return Statement(text[: sentence_end(text, 0, min(len(text), _LONGEST_LINE))], "opening")
    if _lists_options(text):
        return None
    stop = sentence_end(text, 0, min(len(text), _LONGEST_LINE))
    return Statement(text[:stop], "opening") if 0 < stop < len(text) else None


def ends_a_list(text: str) -> bool:
    """Whether the last line is the end of going through the options, which chooses none.

    It is where a line with another label stands before it, unless that option was listed already or a line that ends
    in a colon announces it.
    """
    lines = [line.strip() for line in text[-2_000:].split("\n") if line.strip()]
    last = _LISTED_LINE.match(lines[-1]) if lines else None
    if last is None or len(lines) < 2 or lines[-2].endswith((":", ":**")):
        return False
    before = {match[1].upper() for match in map(_LISTED_LINE.match, lines[:-1]) if match}
    return bool(before) and (last[1].upper() not in before or _LISTED_LINE.match(lines[-2]) is not None)


def lists_options(statement: Statement) -> bool:
    """Whether what follows a heading is the list of the options from its first on."""
    first = _LISTED_LINE.match(statement.text)
    lines = [line for line in statement.after.split("\n") if line.strip(" .*_")]
    second = _LISTED_LINE.match(lines[0].strip()) if lines else None
    return (
        first is not None and second is not None and (first[1].upper(), second[1].upper()) in (("A", "B"), ("1", "2"))
    )


def _lists_options(text: str) -> bool:
    marks = {match[1].upper() for match in map(_LISTED_LINE.match, text.split("\n")) if match}
    inline = {match[1].upper() for match in _INLINE_MARK.finditer(text)}
    return len(marks) > 1 or {"A", "B"} <= inline
