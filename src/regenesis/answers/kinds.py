"""Which kind of answer a gold answer calls for.

infer_kind("3/4")  # "number"
"""

from __future__ import annotations

import re
from functools import lru_cache

from regenesis.answers.formulas import is_formula
from regenesis.answers.guard import guarded
from regenesis.answers.numbers import read_number
from regenesis.answers.options import ChoicesLike, choices_from, options_from, read_option
from regenesis.answers.statements import statements
from regenesis.answers.words import read_boolean
from regenesis.types import AnswerKind, Choice

_LOOSE_COMMA = re.compile(r"[0-9],(?![0-9]{3}(?![0-9])|[0-9]{2},|!|\\)")
_LONGEST = 10_000
_NAMED = re.compile(r"[\s$(\\]*[A-Za-z](?:_\{?\w\}?)?\s*=")
# "cat" is no product of three factors
_WORDS = re.compile(r"(?!(?:pi|sin|cos|tan|log|ln|exp|sqrt)\b)[^\W\d_]{2,}(?:[\s-]+\w+)*", re.IGNORECASE)
_OPTION = re.compile(r"\([A-Za-z]\)|[A-Ja-j]\)|[A-J]\.?")


def unwrapped(gold: str) -> str:
    """The gold answer without the box, tag, hashes or dollars it may come in."""
    gold = gold[-_LONGEST:]
    for statement in statements(gold):
        if statement.place in ("box", "tag", "hashes"):
            return statement.text
    return gold.strip()


@guarded(lambda _: "text")
def infer_kind(gold: str, choices: ChoicesLike = ()) -> AnswerKind:
    """Kind of the gold answer: `choice` where options are given, else what it looks like."""
    return _infer_kind(gold, choices_from(choices) if choices else ())


@lru_cache(maxsize=2048)
def _infer_kind(gold: str, choices: tuple[Choice, ...]) -> AnswerKind:
    gold = unwrapped(gold)
    if choices and read_option(gold, options_from(choices)) is not None:
        return "choice"
    if len(gold) > _LONGEST:
        return "text"
    if _NAMED.match(gold):
        # the name counts: as a number "x = 5" would be the same as "z = 5"
        return "math"
    if read_number(gold) is not None:
        # "1,22" may be a decimal or a list: comparing it as a formula allows both
        return "math" if _LOOSE_COMMA.search(gold) else "number"
    if read_boolean(gold) is not None:
        return "boolean"
    if _OPTION.fullmatch(gold):
        return "choice"
    if _WORDS.fullmatch(gold):
        return "text"
    return "math" if is_formula(gold) else "text"
