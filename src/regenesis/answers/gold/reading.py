"""A gold answer out of its cell, as runs, `grade`, `evaluate`, hints and cards take it.

read_gold("$2,317.00 in all", "number")  # Gold(kind="number", text="2317")
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from regenesis.answers.gold.cells import GoldError, answers_in, is_placeholder
from regenesis.answers.gold.columns import ALONE, Column, is_plain_boolean, is_plain_number, looks_like
from regenesis.answers.gold.labels import find_label
from regenesis.answers.gold.solutions import is_solution, stated
from regenesis.answers.kinds import infer_kind
from regenesis.answers.options import ChoicesLike, choices_from
from regenesis.answers.reading import read_alone
from regenesis.types import AnswerKind, Choice

_logger = logging.getLogger(__name__)
_COMMAND = re.compile(r"\\[A-Za-z]+")
_WORDY = re.compile(r"[^\W\d_]|^\$.*\$$|[*`=≈()\[\]]")
Why = Literal["empty", "placeholder", "unread"]
_Kind = AnswerKind | Literal["auto"]


@dataclass(frozen=True, slots=True)
class Gold:
    """A gold answer as read.

    Attributes:
        kind: How answers compare with it.
        text: The answer, as written where it is nothing but the answer: never the working around it.
        accepted: Further answers that count as right.
    """

    kind: AnswerKind
    text: str
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoGold:
    """No gold answer is known.

    Attributes:
        why: The cell is empty, a placeholder, or a worked solution that states no final answer.
        kind: How answers to the question compare with each other.
    """

    why: Why
    kind: AnswerKind


def read_gold(cell: Any, kind: _Kind = "auto", choices: ChoicesLike = (), column: Column = ALONE) -> Gold | NoGold:
    """Reads the gold answer of a row.

    Args:
        cell: What the row holds: text (an answer, or a worked solution that ends in one), a number, a truth value, or
            a list of accepted answers, also one written as text.
        kind: How answers compare; `auto` tells it from the options and the answer.
        choices: The options of a multiple-choice question.
        column: What the other cells of the column tell about ambiguous ones.

    Returns:
        The answer; or why there is none. Reading what was read gives the same again.

    Raises:
        GoldError: The cell holds something that is no answer of its kind.
    """
    options = choices_from(choices) if choices else ()
    try:
        if isinstance(cell, str):
            return _read_texts(cell, kind, options, column)
        return _read_any(cell, kind, options, column)
    except (GoldError, OSError):
        raise
    except Exception as error:
        # a mistake of the readers costs this row, not the run
        _logger.warning("reading a gold answer failed on %s: %s", ascii(cell)[:120], type(error).__name__)
        raise GoldError("could not be read") from error


@lru_cache(maxsize=4096)
def _read_texts(cell: str, kind: _Kind, options: tuple[Choice, ...], column: Column) -> Gold | NoGold:
    return _read_any(cell, kind, options, column)


def _read_any(cell: Any, kind: _Kind, options: tuple[Choice, ...], column: Column) -> Gold | NoGold:
    missing: AnswerKind = kind if kind != "auto" else "choice" if options else column.usual
    if missing in ("code", "scorer"):
        # tests may be listed one by one
        text = "\n".join(map(str, [cell] if isinstance(cell, str) else answers_in(cell))).strip()
        return Gold(missing, text) if text else NoGold("empty", missing)
    whole = isinstance(cell, str) and any(cell in (choice.label, choice.text) for choice in options)
    return _first_and_others([cell] if whole else answers_in(cell), kind, options, column, missing)


def _first_and_others(
    answers: list[Any], kind: _Kind, options: tuple[Choice, ...], column: Column, missing: AnswerKind
) -> Gold | NoGold:
    read: list[Gold] = []
    why: Why = "empty"
    for answer in answers:
        try:
            found = _read_one(answer, read[0].kind if read else kind, options, column)
        except GoldError:
            if not read:
                raise
            continue  # an alias that does not fit the kind is of no use, and no harm
        if isinstance(found, Gold):
            read.append(found)
        elif why != "unread":
            why = found.why
    if not read:
        return NoGold(why, missing)
    texts = tuple(dict.fromkeys(gold.text for gold in read))
    return Gold(read[0].kind, texts[0], texts[1:])


def same_gold(left: Gold, right: Gold) -> bool:
    """Whether two golds of one question agree: an answer accepted by one is accepted by the other."""
    if left.kind != right.kind:
        return False
    texts = [(gold.text, *gold.accepted) for gold in (left, right)]
    if set(texts[0]) & set(texts[1]):
        return True
    if left.kind in ("code", "scorer"):
        return False
    from regenesis.answers.grading import equivalent
    from regenesis.answers.rules import Rules

    exact = Rules(symbolic=False, percent="face")
    read = [[read_alone(text, left.kind) for text in some] for some in texts]
    return any(one and other and equivalent(one, other, exact) for one in read[0] for other in read[1])


def _read_one(answer: Any, kind: _Kind, choices: tuple[Choice, ...], column: Column) -> Gold | NoGold:
    if choices and kind in ("choice", "auto"):
        label = find_label(answer, choices, column.first_position)
        if label is not None:
            return Gold("choice", label)
        return NoGold("unread" if is_solution(str(answer)) else "placeholder", "choice")
    text = str(answer).lower() if isinstance(answer, bool) else str(answer)
    return _read_text(text, kind, choices, column)


def _read_text(cell: str, kind: _Kind, choices: tuple[Choice, ...], column: Column) -> Gold | NoGold:
    missing = column.usual if kind == "auto" else kind
    if is_placeholder(cell):
        return NoGold("empty" if not cell.strip() else "placeholder", missing)
    if kind == "number" and is_plain_number(cell):
        return Gold("number", cell.strip())
    text = stated(cell, kind)
    if text is None:
        return NoGold("unread", missing)
    if is_placeholder(text):
        return NoGold("placeholder", missing)
    known = _kind_of(text, column) if kind == "auto" else missing
    return Gold(known, _written(text, known))


def _kind_of(text: str, column: Column) -> AnswerKind:
    looks = looks_like(text)
    if looks == "letter":
        return column.letters or infer_kind(text)
    if looks == "measure":
        return column.measures
    if looks == "word":
        return column.words
    return looks


def _written(text: str, kind: AnswerKind) -> str:
    """The answer as it is shown: as written if that is nothing but the answer, else as read.

    Raises:
        GoldError: It is not of the kind.
    """
    if kind in ("text", "math"):
        return text
    # `\frac{1}{2}` is nothing but a number, `12 pears` is more
    bare = kind == "number" and (is_plain_number(text) or not _WORDY.search(_COMMAND.sub("", text)))
    if bare and read_alone(text, kind) is not None:
        return text
    if kind == "boolean" and is_plain_boolean(text):
        return text
    answer = read_alone(text, kind)
    if answer is None:
        raise GoldError(_NOT_OF_KIND[kind])
    return answer.text


_NOT_OF_KIND: dict[str, str] = {
    "number": "is not a number",
    "boolean": "is none of yes, no, true, false",
    "choice": "is not the label of an option",
}
