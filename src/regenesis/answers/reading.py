"""Reads the final answer of a response as a given kind of answer.

read("The answer is **$18.00**.", "number").text  # "18"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from regenesis.answers.endings import endings, last_sentence
from regenesis.answers.formulas import is_formula, read_formula, read_value
from regenesis.answers.guard import guarded
from regenesis.answers.headings import under_heading
from regenesis.answers.kinds import unwrapped
from regenesis.answers.last_words import answered_question, labelled_at_the_end, said_words
from regenesis.answers.marks import Place
from regenesis.answers.numbers import Number, read_number
from regenesis.answers.openings import ends_a_list, lists_options, opening
from regenesis.answers.options import (
    HEDGED,
    ChoicesLike,
    Options,
    choices_from,
    label_marks,
    names_another,
    options_from,
    read_option,
)
from regenesis.answers.remarks import ends_search, is_conditional, retracts, withholds
from regenesis.answers.rules import DEFAULT_RULES, Rules
from regenesis.answers.statements import Statement, statements
from regenesis.answers.turns import before_invented_questions, final_part
from regenesis.answers.words import read_boolean, read_words
from regenesis.types import AnswerKind, Choice

Value = Number | str | bool


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as read.

    Attributes:
        kind: What it was read as.
        value: A `Number`, an option's label, a truth value, or words.
        text: The value written out: the same text for the same number, option or truth value.
        place: What marked it as the answer: `box`, `tag`, `hashes`, `phrase`, `line`, `conclusion`, `claim`,
            `opening`, `sentence`.
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
    for part in before_invented_questions(text):
        found = _read(part, kind, options, rules)
        if isinstance(found, Answer) or found.rule != "no-answer":
            break
    return found


def _read(text: str, kind: AnswerKind, options: Options, rules: Rules) -> Answer | Unread:
    refusal: Unread | None = None
    open_to: tuple[Place, ...] = ("box", "tag", "hashes", "phrase")
    for statement in statements(text):
        if statement.place not in open_to:
            continue
        if kind == "choice" and lists_options(statement):
            continue
        stated = under_heading(statement) if kind == "number" else [statement]
        value = next((value for found in stated if (value := _value(found, kind, options)) is not None), None)
        if value is not None and not (kind == "text" and _DENIED.match(statement.text)):
            why = _unsettled(statement, text, kind, options, value)
            return _answer(kind, value, statement.place) if why is None else Unread(why, statement.place)
        if not stated:
            continue
        refusal = refusal or _refusal(statement)
        if ends_search(statement, kind, options):
            if kind in ("choice", "boolean") or statement.place in ("box", "tag") or retracts(statement):
                return Unread(
                    f"the last final answer ({statement.place}) is not one {_NAMES[kind]}: {shown(statement.text)}",
                    statement.place,
                )
            open_to = ("box", "tag", "hashes")  # a marked answer stands whatever is said about it afterwards
    start = opening(text, kind) if refusal is None else None
    value = _value(start, kind, options) if start is not None and kind == "number" else None
    if value is not None:
        return _answer(kind, value, "opening")
    for ending in _endings(text, kind, options):
        if ending.place == "sentence" and not (rules.plain_sentence and kind == "number"):
            continue
        value = _value(ending, kind, options)
        if value is not None and (ending.place != "claim" or kind == "text" or _claimable(value, kind)):
            return _answer(kind, value, ending.place)
    value = None if start is None else _value(start, kind, options)
    if value is not None:
        return _answer(kind, value, "opening")
    return refusal or Unread("no final answer is stated", "no-answer")


def _unsettled(statement: Statement, text: str, kind: AnswerKind, options: Options, value: Value) -> str | None:
    """Why a statement that could be read does not count after all."""
    if statement.place != "phrase":
        return None
    if is_conditional(statement, kind):
        return f"the answer depends on a condition: {shown(statement.before + ' …')}"
    if kind in ("boolean", "choice") and withholds(rest := statement.text + statement.after):
        return f"the answer is withheld: {shown(last_sentence(rest))}"
    if kind == "choice" and names_another(statement.after, value, options):
        return "several options are named"
    if kind == "choice" and statement.manner == "called":
        others = {_value(other, kind, options) for other in statements(text) if other.manner == "called"}
        if others - {None, value}:
            return "several options are called correct"
        end = last_sentence(statement.after)
        if HEDGED.search(end) and any(label != value for label, _ in label_marks(end, options)):
            return f"another option is left open: {shown(end)}"
    return None


def _endings(text: str, kind: AnswerKind, options: Options) -> Iterator[Statement]:
    if kind == "text":
        yield from said_words(text)
        return
    if kind == "choice" and ends_a_list(text):
        return
    yield from endings(text)
    if kind == "choice":
        yield from labelled_at_the_end(text, options)
    if kind == "boolean":
        yield from answered_question(text)


@guarded(lambda _: None)
def read_alone(gold: str, kind: AnswerKind, choices: ChoicesLike = ()) -> Answer | None:
    """Reads a gold answer, which stands alone; `None` where it is not of its kind."""
    return _read_alone(gold, kind, choices_from(choices) if choices else ())


@lru_cache(maxsize=2048)
def _read_alone(gold: str, kind: AnswerKind, choices: tuple[Choice, ...]) -> Answer | None:
    options = options_from(choices) if kind == "choice" else _NO_OPTIONS
    stated = unwrapped(gold)
    label = options.by_label.get(stated.casefold())
    value = label if label is not None else _value(Statement(stated, "box"), kind, options)
    return None if value is None else _answer(kind, value, "gold")


def shown(text: str) -> str:
    """A short, one-line form for reasons."""
    line = " ".join(text[:200].split())
    return repr(line if len(line) <= 60 else line[:57] + "…")


_PROSE = ("phrase", "tag", "conclusion", "sentence")
_STATED = ("box", "tag", "hashes", "phrase")
_DENIED = re.compile(r"\W*(?:not|neither)\b", re.IGNORECASE)
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
        return read_option(statement.text, options, stated=statement.place in _STATED)
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
