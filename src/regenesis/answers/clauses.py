"""The part of a sentence that can state a number: without conditions, purposes, and digits that count nothing.

main_clause("It takes Ben 12 minutes to read 10 pages if each has 450 words")  # "It takes Ben 12 minutes"
"""

from __future__ import annotations

import re

_UNIT = (
    r"(?:dollar|cent|euro|pound|inch|foot|feet|yard|mile|met(?:er|re)|cm|mm|km|kg|gram|ounce|lit(?:er|re)|gallon|pint"
    r"|cup|second|minute|hour|day|week|month|year|page|piece|person|seat|story|speed|digit|point|step|way|star)"
)
_INSIDE_A_WORD = re.compile(r"\b[A-Za-z]{2,}-?[0-9]+[A-Za-z0-9]*\b")
_ORDINAL = re.compile(r"\b[0-9]*(?:1st|2nd|3rd|[0-9]th)\b", re.IGNORECASE)
_SIZE = re.compile(
    rf"(?<=[0-9]\s)\$?[0-9][0-9.]*[- ]{_UNIT}[- ](?=[a-z]{{3,}})"
    r"|(?<![\w.])\$?[0-9][0-9.]*-[a-z]{3,}\s(?=[a-z]{3,})",
    re.IGNORECASE,
)
_CONDITION_FIRST = re.compile(r"\A\W*(?:if|when|since|because|as|given that|assuming)\b[^,]{1,200},\s*", re.IGNORECASE)
_CONDITION = re.compile(
    r"[\s,;]+(?:(?:only |even )?if|when|where|while|because|since|assuming|given that|provided)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_PURPOSE = re.compile(
    r"\A(?P<main>[^0-9]*[0-9].*?[A-Za-z]{2})\s+(?:in order )?to\s+(?!be\b)[a-z]+\b.*", re.IGNORECASE | re.DOTALL
)
_CALCULATES = re.compile(
    r"\b(?:add|sum|subtract|take away|multipl|divid|combin|plus|minus|times|comput|calculat|simplif|solv)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_DIGIT = re.compile(r"[0-9]")


def main_clause(sentence: str) -> str:
    """The main clause of a sentence; what would leave it without a number is kept."""
    if len(_NUMBER.findall(sentence)) < 2:
        return sentence
    for pattern, instead in ((_INSIDE_A_WORD, "it"), (_ORDINAL, "next"), (_SIZE, "")):
        sentence = _without(pattern, sentence, instead)
    sentence = _without(_CONDITION, _without(_CONDITION_FIRST, sentence))
    purpose = _PURPOSE.match(sentence)
    if purpose is not None and not _CALCULATES.search(purpose["main"]):
        return purpose["main"]
    return sentence


def _without(pattern: re.Pattern[str], sentence: str, instead: str = "") -> str:
    rest = pattern.sub(instead, sentence)
    return rest if _DIGIT.search(rest) else sentence
