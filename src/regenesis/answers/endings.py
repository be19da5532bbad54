"""What a response without an explicit statement of its answer ends in.

A closing remark ("I hope this helps") is not an ending.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from regenesis.answers.statements import LONGEST_STATEMENT, SENTENCE_END, Statement

_NOISE = re.compile(
    r"\W*(?:i hope\b|hope (?:this|that|it)\b|let me know\b|if you (?:have|need|would|want)\b|feel free\b"
    r"|please (?:let|note|feel)\b|(?:great|good|nice) (?:job|work)\b|well done\b"
    r"|congratulations\b|thank you\b|thanks\b|note(?: that)?:|is there anything\b|happy to\b|good luck\b"
    r"|q\.?e\.?d\b|\\end\{|done\b|(?:this|the) (?:answer|solution) is (?:correct|right)\b"
    r"|this (?:solves|completes|answers|concludes|satisfies|matches|confirms|verifies)\b)",
    re.IGNORECASE,
)
_MARKER = re.compile(
    r"(?:(?:^\W*|(?<=[,.;:]\s))(?:in total|overall|altogether)\b"
    r"|(?:^|(?<=[\s,.;:*(\])$]))(?:therefore|thus|hence|consequently|in conclusion|in summary|leaving"
    r"|which (?:means|leaves|gives|makes)|as a result|accordingly|this means|that means|it follows"
    r"|donc|por lo tanto|daher|поэтому)\b"
    r"|(?:^\W*|(?<=[\s.;:)\]$]))(?-i:So|Finally|Total|We (?:get|find|have|obtain|conclude))\b|(?<=,\s)so\b"
    r"|^\W*(?:so|finally|total)\b"
    r"|\\therefore\b|∴|因此|所以|故|इसलिए|لذا)[\s,:*，]*(?:that\s+)?",
    re.IGNORECASE,
)
_STRESSED = re.compile(r"\*\*([^*\n]{1,200})\*\*|\$(?!\s)([^$\n]{1,200})(?<!\s)\$(?![0-9])|\\\((.{1,200}?)\\\)")
_CLAIM = re.compile(r"\b(?:is|are|was|equals)\s+|^[^:\n]{1,60}:\s+", re.IGNORECASE)
_CONNECTIVE = re.compile(r"\A(?:and\s+)?(?:so|then|thus|hence|therefore|finally|consequently)\b[\s,:]*", re.IGNORECASE)
_BULLET = re.compile(r"(?:[*+•]|[0-9]{1,2}[.)])\s+|-\s+(?=[^\s0-9.$\\])")
DOUBT = re.compile(
    r"\b(?:impossible|(?<!is )contradiction|contradicts|wrong|incorrect|(?<!statement is )(?<!claim is )false"
    r"|not|never|cannot|can't|isn't|doesn't|mistake|unless)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\W*[0-9][0-9,.]*(?:\s+[A-Za-z]+){0,4}\s*")
_UNDONE = re.compile(r"\b(?:do|does|did)(?:\s+not\b|n't\b)", re.IGNORECASE)
_OUTCOME = re.compile(
    r"\b(?:left|remain(?:s|ing)?|altogether|in total|together|total of|gives?|leaves?|needs?|earns?|earned|costs?|pays?"
    r"|paid|takes?|gets?|must|will|should)\b",
    re.IGNORECASE,
)
_POINTED = re.compile(
    r"\W*(?:so\s|i(?:'m| am)\s[\w\s]{1,30}\s)?(?:it|this|that|the relationship[^.,]{0,60})"
    r"(?:'s|\s(?:is|must be|should be|leaves|makes))\s+|(?=(?:yes|no|true|false)\W*$)",
    re.IGNORECASE,
)
_PLAN = re.compile(r"\W*(?:i|we|let|let's|step|in step|first|next)\b", re.IGNORECASE)
_SAID = re.compile(r"\W*(?:yes|no|true|false)\b\s*,(?!\s*(?:yes|no|maybe)\b)", re.IGNORECASE)
_FULL_STOP = re.compile(r"(?<!\.)[.!]$")
_LONGEST_LINE = 300


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = list(pattern.finditer(text))
    return found[-1] if found else None


def endings(text: str) -> Iterator[Statement]:
    """What the text ends in: its last line (place `line`), then its last sentence.

    Of a sentence counts what concludes ("So …", "… are left": place `conclusion`), the one thing in it that is a
    formula or bold (`line`), or what it says that something is ("The total is …", "Total: …": place `claim`). At last
    comes the sentence itself (`sentence`), which claims nothing.
    """
    text = text[-LONGEST_STATEMENT:].rstrip()
    display = _display_at_end(text)
    if display is not None:
        yield Statement(display, "line")
        return
    line = _last_line(text)
    if not line or "boxed" in line or "\\fbox" in line:
        return  # a box that could be read is a statement; one that was cut off is no answer
    if len(line) <= _LONGEST_LINE:
        bullet = _BULLET.match(line)
        yield Statement(_CONNECTIVE.sub("", line[bullet.end() :] if bullet else line), "line")
    sentence = _last_sentence(line)
    concluded = [sentence[marker.end() :].strip() for marker in _MARKER.finditer(sentence)]
    conclusion = next((text for text in reversed(concluded) if text), None)
    if conclusion is not None and _SAID.match(conclusion):
        yield Statement(conclusion, "conclusion")
    pointed = _POINTED.match(sentence)
    if pointed is not None and not sentence.endswith("?"):
        yield Statement(sentence[pointed.end() :], "line")
    if sentence.endswith("?"):
        return
    if DOUBT.search(conclusion or sentence):
        undone = _UNDONE.split(conclusion or sentence, maxsplit=1)
        if len(undone) == 2 and _COUNTED.fullmatch(undone[0]):
            yield Statement(undone[0], "sentence")
        return
    stressed = {match[1] or match[2] or match[3] for match in _STRESSED.finditer(sentence)}
    if len(stressed) == 1:
        yield Statement(stressed.pop().strip(), "line")
    if conclusion is not None:
        yield Statement(conclusion, "conclusion")
    told = _OUTCOME.search(sentence) and not _PLAN.match(sentence) and not _BULLET.match(line)
    if told or (conclusion is None and any(sign in sentence for sign in ("=", "$", "\\("))):
        yield Statement(sentence, "conclusion")
    claim = _last(_CLAIM, sentence)
    if claim is not None:
        yield Statement(sentence[claim.end() :].strip(), "claim" if conclusion is None else "line")
    if not _BULLET.match(line) and not _PLAN.match(sentence):
        yield Statement(conclusion or sentence, "sentence")


def _display_at_end(text: str) -> str | None:
    trimmed = text.rstrip(" \t\n.*`")
    for opener, closer in (("\\[", "\\]"), ("$$", "$$")):
        if trimmed.endswith(closer):
            start = trimmed.rfind(opener, 0, len(trimmed) - 2)
            return trimmed[start + 2 : -2].strip() if start >= 0 else None
    return None


def is_noise(line: str) -> bool:
    """Whether a line is a closing remark or a pleasantry."""
    return _NOISE.match(line) is not None


def last_sentence(text: str) -> str:
    """The last sentence of a text, leaving out closing remarks."""
    return _last_sentence(_last_line(text))


def _last_line(text: str) -> str:
    for line in reversed(text.split("\n")):
        stripped = line.strip().strip("`").strip()
        if stripped.strip("*_-# ") and not _NOISE.match(stripped):
            return stripped
    return ""


def _last_sentence(line: str) -> str:
    starts = [0, *(match.end() for match in SENTENCE_END.finditer(line))]
    for start, end in zip(reversed(starts), reversed([*starts[1:], len(line)]), strict=True):
        sentence = _FULL_STOP.sub("", line[start:end].strip()).strip()
        if sentence.strip("*_\"') $") and not _NOISE.match(sentence):
            return sentence
    return ""
