"""What a statement that holds no answer says: a remark about the answer, or that there is none.

withholds("The answer is dependent on the town")  # True
"""

from __future__ import annotations

import re

from regenesis.answers.cues import mentions
from regenesis.answers.endings import last_sentence
from regenesis.answers.options import Options, mentions_option
from regenesis.answers.statements import Statement
from regenesis.types import AnswerKind

_RETRACTED = re.compile(
    r"\W*(?:not\b|none\b|neither\b|either\b|both\b|unknown\b|unclear\b|uncertain\b|ambiguous\b|debatable\b"
    r"|undetermined\b|cannot\b|can't\b|impossible\b|(?:it |that )?(?:all )?depend\w*"
    r"|no (?:answer|solution)\b|indeterminate\b|var(?:y|ies)\b)",
    re.IGNORECASE,
)
_WITHHELD = re.compile(
    r"\b(?:(?:it|this|that|answer) (?:all |really |largely )?depends\b|depends on (?:the|how|what|who|whether|which)\b"
    r"|(?:cannot|can't|can not|could not) be (?:determined|answered|known|decided|said)"
    r"|(?:is|are) (?:not clear|unclear|ambiguous|debatable|undetermined|inconclusive)"
    r"|not enough information|insufficient information|(?:no way|impossible) to (?:know|tell|say|determine))",
    re.IGNORECASE,
)
_WITHHELD_CUES = ("depends", " be ", "is ", "are ", "information", "way to", "impossible to")
_REMARK = re.compile(
    r"\W*(?:(?:also|indeed|therefore|thus|clearly)\s+)?(?:correct|right|wrong|incorrect|reasonable|valid|consistent|plausible"
    r"|as follows|given|found|obtained|calculated|computed|derived|determined|based|explained|shown|below|above|clear"
    r"|simple|straightforward|to (?!be\b)|supported|confirmed|verified|in line|because|acceptable|complete)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\W*(?:(?:so|but|then|and|however|thus),?\s+)*"
    r"(?:if|unless|assuming|provided|depending|suppose|when|in (?:some|that) case|otherwise|or else)\b",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r"\b(?:otherwise|if not|(?:but|however|whereas|while),? if|on the other hand|in other cases)\b", re.IGNORECASE
)
_DIGIT = re.compile(r"[0-9]")
_SAID = re.compile(r"\b(?:yes|no|true|false|maybe|perhaps|possibly|unsure)\b", re.IGNORECASE)


def is_conditional(statement: Statement, kind: AnswerKind) -> bool:
    """Whether a statement holds under a condition only; for yes or no any condition leaves the other open."""
    if not _CONDITION.match(statement.before):
        return False
    return (
        kind == "boolean"
        or _OTHERWISE.match(statement.before.lstrip()) is not None
        or _OTHERWISE.search((statement.text + statement.after)[:300]) is not None
    )


def withholds(text: str) -> bool:
    """Whether the last sentence of a text says that there is no one answer."""
    sentence = last_sentence(text)
    return mentions(sentence.lower(), _WITHHELD_CUES) and _WITHHELD.search(sentence) is not None


def retracts(statement: Statement) -> bool:
    """Whether a statement takes back what was stated before it, or says that there is no answer."""
    return _RETRACTED.match(statement.text) is not None or withholds(statement.text)


def ends_search(statement: Statement, kind: AnswerKind, options: Options) -> bool:
    """Whether an answer that cannot be read is one all the same, so that no earlier one may take its place.

    It is unless it is a remark about the answer: that it is correct, where it comes from, or nothing of its kind.
    """
    text = statement.text
    if retracts(statement) or statement.place in ("box", "tag"):
        return True
    if statement.place == "hashes" or _REMARK.match(text):
        return False
    if kind == "choice":
        return statement.manner == "named" or (statement.manner != "loose" and mentions_option(text, options))
    if kind == "boolean":
        return statement.manner == "named" or _SAID.search(text) is not None
    return kind != "text" and statement.manner in ("named", "headed") and _DIGIT.search(text) is not None
