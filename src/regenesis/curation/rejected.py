r"""A rejected choice: a path that goes through the options, says of one that it is wrong, and then answers with it.

    chooses_what_it_rejects("(A) This is not correct.\n(B) …\n\nThe answer is \\boxed{A}.", question)   # True

Only what is said under the option's own heading counts, and only where nothing there speaks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from regenesis.curation.boxes import boxes
from regenesis.types import Question

_MARKS = r"[\s>#*_\-•]*(?:\d{1,2}[.)][\s*_]*)?"
_HEADING = re.compile(
    rf"^{_MARKS}(?:(?:option|choice|statement|answer)\s+)?(?P<open>[(\[]?)(?P<label>[A-Z])(?P<close>[)\]]?)(?=[\s:.*_\-–—]|$)",
    re.IGNORECASE | re.MULTILINE,
)
_CONCLUSION = re.compile(
    r"\n\s*\n[^\w\\]*(?:so|thus|therefore|hence|conclusion|in conclusion|overall|after|based on|given|from (?:the|this)"
    r"|finally|the (?:correct|right|best|final|only)|answer|the answer|\\boxed)\b",
    re.IGNORECASE,
)
"""What no longer speaks of one option begins a paragraph."""
_WRONG = r"(?:incorrect|wrong|false|untrue|inaccurate)"
_RIGHT = r"(?:correct|right|true|accurate|valid|the (?:correct|right|best|most))"
_REJECTED = re.compile(
    rf"\b(?:is|are)\s+(?:therefore\s+|also\s+|clearly\s+)?(?:not\s+(?:necessarily\s+|entirely\s+|quite\s+)?{_RIGHT}|{_WRONG})\b(?!\s+that\b)"
    rf"|^\W*{_WRONG}\b",
    re.IGNORECASE | re.MULTILINE,
)
_ACCEPTED = re.compile(
    rf"\b(?:is|are|be)\s+(?:\w+ly\s+)?{_RIGHT}\b|^\W*(?:correct|right|true)\b", re.IGNORECASE | re.MULTILINE
)
_ASKS_FOR_THE_WRONG_ONE = re.compile(
    r"\b(?:not|except|only|least|false|incorrect|wrong|untrue|unlikely|unlike|never|cannot|isn['’]t|doesn['’]t|aren['’]t)\b",
    re.IGNORECASE,
)


def chooses_what_it_rejects(text: str, question: Question) -> bool:
    """Whether a path answers a question of choice with an option that it has called wrong.

    Nothing is said of a question that asks for the option which does not hold, or for the only one of its kind.
    """
    if question.kind != "choice" or _ASKS_FOR_THE_WRONG_ONE.search(_asked(question)):
        return False
    labels = {choice.label for choice in question.choices}
    chosen = _chosen(text)
    if chosen not in labels:
        return False
    said = [part for label, part in _sections(text, labels) if label == chosen]
    others = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(labels - {chosen})))})\b\W*\b(?:is|are)\b")
    return any(_rejects(part, others) for part in said) and not any(map(_ACCEPTED.search, said))


def _rejects(part: str, others: re.Pattern[str]) -> bool:
    """Whether what is said of an option calls it wrong, and not another one."""
    return any(
        not others.search(part[part.rfind("\n", 0, found.start()) + 1 : found.end()])
        for found in _REJECTED.finditer(part)
    )


def _asked(question: Question) -> str:
    """The question without its options."""
    starts = [question.text.find(f"({choice.label})") for choice in question.choices]
    found = [start for start in starts if start > 0]
    return question.text[: min(found)] if found else question.text


def _chosen(text: str) -> str | None:
    closed = [text[box.inside : box.close].strip(" ()") for box in boxes(text) if box.close >= 0]
    return closed[-1] if closed else None


def _sections(text: str, labels: set[str]) -> Iterator[tuple[str, str]]:
    """What stands under the heading of each option, to the next heading or the conclusion."""
    headings = [found for found in _HEADING.finditer(text) if found["label"] in labels and _is_heading(found)]
    ends = (*(found.start() for found in headings[1:]), len(text))
    for found, end in zip(headings, ends, strict=False):
        under = text[found.end() : end]
        conclusion = _CONCLUSION.search(under)
        yield found["label"], under[: conclusion.start()] if conclusion else under


def _is_heading(found: re.Match[str]) -> bool:
    """A bare capital is a heading only with a bracket or a mark behind it: "A solid is …" is a sentence."""
    behind = found.string[found.end() : found.end() + 1]
    spelled = found[0].strip().casefold() != found["label"].casefold() and "option" in found[0].casefold()
    return bool(found["open"] or found["close"] or spelled or behind in {":", "."})
