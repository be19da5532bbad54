"""Reads the final answer of a response as a given kind of answer.

read("The answer is **$18.00**.", "number").text  # "18"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from regenesis.answers.endings import endings, final_part
from regenesis.answers.formulas import is_formula, read_formula, read_value
from regenesis.answers.guard import guarded
from regenesis.answers.kinds import unwrapped
from regenesis.answers.numbers import Number, read_number
from regenesis.answers.openings import ends_a_list, opening
from regenesis.answers.options import ChoicesLike, Options, choices_from, options_from, read_option
from regenesis.answers.rules import DEFAULT_RULES, Rules
from regenesis.answers.statements import Statement, statements
from regenesis.answers.words import read_boolean, read_words
from regenesis.nouns import AnswerKind, Choice

Value = Number | str | bool


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as read.

    Attributes:
        kind: What it was read as.
        value: A `Number`, an option's label, a truth value, or words.
        text: The value written out: the same text for the same number, option or truth value.
        place: What marked it as the answer: `box`, `tag`, `hashes`, `phrase`, `line`, `conclusion`, `claim`,
            `opening`.
    """

    kind: AnswerKind
    value: Value
    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Unread:
    """Why no answer could be read."""

    reason: str
    rule: str


_RETRACTED = re.compile(
    r"\W*(?:not\b|none\b|neither\b|unknown\b|unclear\b|undetermined\b|cannot\b|can't\b|impossible\b"
    r"|no (?:answer|solution)\b|indeterminate\b)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\W*(?:not|neither)\b", re.IGNORECASE)
_SKIPPED = ("phrase", "hashes")


def read(response: str, kind: AnswerKind, choices: ChoicesLike = (), rules: Rules = DEFAULT_RULES) -> Answer | Unread:
    """Reads the last statement of a final answer in `response`.

    Args:
        response: What the model wrote, of any length.
        kind: What to read it as.
        choices: The options, for `choice`.
        rules: Choices of the user.
    """
    text = final_part(response, rules.window)
    if text is None:
        return Unread("the reasoning was marked off and never ended, so no final answer follows it", "open-think")
    options = options_from(choices_from(choices)) if kind == "choice" else _NO_OPTIONS
    refusal: Unread | None = None
    for statement in statements(text):
        value = _value(statement, kind, options)
        if value is not None and (kind != "text" or not _DENIED.match(statement.text)):
            return _answer(kind, value, statement.place)
        refusal = refusal or _refusal(statement)
        if statement.place not in _SKIPPED or _RETRACTED.match(statement.text):
            return Unread(
                f"the last final answer ({statement.place}) is not one {_NAMES[kind]}: {shown(statement.text)}",
                statement.place,
            )
    start = opening(text, kind) if refusal is None else None
    value = _value(start, kind, options) if start is not None and kind == "number" else None
    if value is not None:
        return _answer(kind, value, "opening")
    for ending in endings(text):
        if kind == "choice" and ending.place == "line" and ends_a_list(text):
            continue
        value = _value(ending, kind, options)
        if value is not None and (ending.place != "claim" or _claimable(value, kind)):
            return _answer(kind, value, ending.place)
    value = None if start is None else _value(start, kind, options)
    if value is not None:
        return _answer(kind, value, "opening")
    return refusal or Unread("no final answer is stated", "no-answer")


@guarded(lambda _: None)
def read_gold(gold: str, kind: AnswerKind, choices: ChoicesLike = ()) -> Answer | None:
    """Reads a gold answer, which stands alone; `None` where it is not of its kind."""
    return _read_gold(gold, kind, choices_from(choices) if choices else ())


@lru_cache(maxsize=2048)
def _read_gold(gold: str, kind: AnswerKind, choices: tuple[Choice, ...]) -> Answer | None:
    options = options_from(choices) if kind == "choice" else _NO_OPTIONS
    stated = unwrapped(gold)
    label = options.by_label.get(stated.casefold())
    value = label if label is not None else _value(Statement(stated, "box"), kind, options)
    return None if value is None else _answer(kind, value, "gold")


def shown(text: str) -> str:
    """A short, one-line form for reasons."""
    line = " ".join(text[:200].split())
    return repr(line if len(line) <= 60 else line[:57] + "…")


_PROSE = ("phrase", "tag", "conclusion")
_NO_OPTIONS = options_from(())
_NAMES: dict[str, str] = {
    "number": "number",
    "choice": "option",
    "boolean": "yes or no",
    "text": "text",
    "math": "expression",
}
_STRICT: dict[str, Callable[[str], Value | None]] = {
    "number": read_number,
    "boolean": read_boolean,
    "text": read_words,
    "math": read_words,
}


def _value(statement: Statement, kind: AnswerKind, options: Options) -> Value | None:
    if kind == "choice":
        return read_option(statement.text, options)
    prose = statement.place in _PROSE
    if kind == "number":
        return read_number(statement.text, prose=prose) or read_value(statement.text, prose=prose)
    if kind == "math":
        return read_formula(statement.text, prose=prose, certain=statement.place in ("box", "tag"))
    return _STRICT[kind](statement.text)


def _claimable(value: Value, kind: AnswerKind) -> bool:
    """Whether a value counts though no more than a last sentence says that something is it."""
    return kind == "number" or (kind == "math" and isinstance(value, str) and is_formula(value))


def _refusal(statement: Statement) -> Unread:
    return Unread(f"the last final answer could not be read: {shown(statement.text)}", statement.place)


def _answer(kind: AnswerKind, value: Value, place: str) -> Answer:
    if isinstance(value, Number):
        return Answer(kind, value, value.text, place)
    if isinstance(value, bool):
        return Answer(kind, value, "yes" if value else "no", place)
    return Answer(kind, value, value, place)
