"""What a whole column of gold answers tells about cells that are ambiguous alone.

    look_at(["A", "C", "B"]).letters            # "choice"
    look_at(["Paris", "Seven Samurai"]).measures   # "text"

A letter may be an option or a word, "Seven Samurai" a number with its unit or a name, "ab" a product or a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from regenesis.answers.gold.cells import GoldError, answers_in, is_placeholder
from regenesis.answers.gold.solutions import stated
from regenesis.answers.kinds import infer_kind
from regenesis.types import AnswerKind

_MAGNITUDE = (
    r"(?:[0-9]{1,3}(?:[,\u00a0\u202f ][0-9]{3})+(?:\.[0-9]+)?|[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?"
)
_NUMBER = re.compile(rf"[-+−]?\s*[$€£¥]?\s*{_MAGNITUDE}\s*%?")
_FRACTION = re.compile(r"[-+−]?\s*(?:[0-9]+\s+)?[0-9]+\s*/\s*0*[1-9][0-9]*")
_BOOLEANS = frozenset({"yes", "no", "true", "false"})
_LETTER = re.compile(r"\(?[A-Za-z][).]?")
_CONSTANT = re.compile(r"[π√∞]|\bpi\b|\\pi\b|\\sqrt")
_MEASURED = re.compile(
    r"(?:[\s0-9π√∞{}()^/.,*+$-]|\\(?:pi|sqrt|[dt]?frac|cdot|times)|\b(?:pi|sqrt)\b)+"
    r"(?:(?!(?:is|are|was|of|and|or)\b)[^\W\d_]+(?:\^\{?[23]\}?|[²³])?[\s.]*){0,3}"
)
_SHORT_WORD = re.compile(r"[A-Za-z]{2,3}")

Looks = Literal["number", "measure", "boolean", "letter", "word", "text", "math"]


def is_plain_number(text: str) -> bool:
    """Whether a text is a number and nothing else: `1,000`, `$18.50`, `-3/4`, `5 1/2`, `50%`, `1e8`."""
    text = text.strip()
    return bool(_NUMBER.fullmatch(text) or _FRACTION.fullmatch(text))


def is_plain_boolean(text: str) -> bool:
    """Whether a text is yes, no, true or false."""
    return text.strip().casefold() in _BOOLEANS


@dataclass(frozen=True, slots=True)
class Column:
    """How the ambiguous cells of a column are read.

    Attributes:
        letters: What a single letter is, where no options are given; `None` if each is to be taken by its looks.
        measures: Whether words behind or in place of a number (`12 pears`, `Seven Samurai`) make it a text.
        words: Whether two or three letters are a word or a product.
        usual: The kind of most of its golds: how answers compare where the gold one is not known.
        first_position: The position that the first option has where options are named by position.
        notes: What was settled for cells that are there, in words.
    """

    letters: AnswerKind | None = None
    measures: Literal["number", "text"] = "number"
    words: Literal["math", "text"] = "text"
    usual: AnswerKind = "text"
    first_position: int = 0
    notes: tuple[str, ...] = ()


ALONE = Column()
"""For a cell that nothing else is known of."""


def look_at(cells: Iterable[Any]) -> Column:
    """Looks at the golds of a column, which has no options."""
    seen = Counter[Looks]()
    letters, kinds = Counter[str](), Counter[AnswerKind]()
    for cell in cells:
        text = _first_text(cell)
        if text is None:
            continue
        looks = looks_like(text)
        seen[looks] += 1
        if looks == "letter":
            letters[text.strip("(). ").upper()] += 1
        else:
            kinds[_KINDS[looks]] += 1
    return _settled(seen, letters, kinds)


def looks_like(text: str) -> Looks:
    """What one answer looks like by itself."""
    if is_plain_number(text):
        return "number"
    if is_plain_boolean(text):
        return "boolean"
    if _LETTER.fullmatch(text):
        return "letter"
    if _SHORT_WORD.fullmatch(text):
        return "word"
    kind = infer_kind(text)
    if kind in ("number", "text") and _CONSTANT.search(text) and _MEASURED.fullmatch(text):
        return "math"  # of `3π cm` the 3 alone is not the answer
    return "measure" if kind == "number" else kind if kind in ("boolean", "math") else "text"


_KINDS: dict[Looks, AnswerKind] = {
    "number": "number",
    "measure": "number",
    "boolean": "boolean",
    "letter": "choice",
    "word": "text",
    "text": "text",
    "math": "math",
}


def _first_text(cell: Any) -> str | None:
    try:
        answers = answers_in(cell)
    except GoldError:
        return None
    text = str(answers[0]).strip() if answers else ""
    said = None if is_placeholder(text) else stated(text, "auto")
    return None if said is None or is_placeholder(said) else said


def _settled(seen: Counter[Looks], letters: Counter[str], kinds: Counter[AnswerKind]) -> Column:
    all_seen = seen.total()
    if not all_seen:
        return ALONE
    words = "math" if seen["math"] > seen["text"] else "text"
    measures = "text" if seen["text"] + seen["word"] > seen["number"] + seen["measure"] else "number"
    letter_kind = _letter_kind(letters, all_seen, words) if letters else None
    if letter_kind is not None:
        kinds[letter_kind] += letters.total()
    if measures == "text":
        kinds["text"] += seen["measure"]
        kinds["number"] -= seen["measure"]
    notes = []
    if letter_kind is not None and all_seen > 1:
        said = {"choice": "the label of an option in the question", "boolean": "true or false, yes or no"}
        notes.append(f"a single letter is read as {said.get(letter_kind, f'kind {letter_kind}')}")
    if measures == "text" and seen["measure"]:
        notes.append("numbers with words are read as text, since most gold answers are words")
    usual = max(kinds, key=lambda kind: kinds[kind], default="text")
    return Column(letter_kind, measures, words, usual, notes=tuple(notes))  # type: ignore[arg-type]


def _letter_kind(letters: Counter[str], all_seen: int, words: str) -> AnswerKind | None:
    if all_seen == 1:
        return None
    if set(letters) in ({"T", "F"}, {"Y", "N"}):
        return "boolean"
    if 2 * letters.total() >= all_seen:
        return "choice"
    return "math" if words == "math" else "text"
