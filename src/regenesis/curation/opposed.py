r"""Opposed answers: a path that answers its question in two ways.

    has_opposed_answers("1. Yes, it can.\n2. No, it cannot.\n\\boxed{no}", question)   # True

What counts is what answers the question: boxes, "the answer is …", and for a question of yes or no the sentences that
open with one of them. Answers to questions that the path asks itself, and an answer that is taken back in words, are no
such thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain, pairwise

from regenesis.answers.numbers import read_number
from regenesis.curation.boxes import boxes, unwrap
from regenesis.curation.text import lowered
from regenesis.types import Question

Answer = bool | str | Fraction

_ANSWER_IS = re.compile(r"answer(?:\s+is|\s*:)")
"""What every statement holds; to look for it is cheap, since it begins with letters."""
_STATED = re.compile(
    r"\b(?:the|final|correct|right|my)\s+answer(?:\s+is|\s*:)(?!\s+(?:not|in|to|given|found)\b)[\s*:]*(?P<said>[^\n]{1,80})"
)
_CONCLUDED = re.compile(
    r"\b(?:so|thus|therefore|hence|conclusion|final answer|answer)[,:]?\s+(?:the answer is\s+)?"
    r"[*_]*(?P<said>yes|no)\b(?=[\s*_]*(?:[.,;!\n]|$))"
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_OPENED = re.compile(
    r"\W*(?:(?:step\s*)?\(?\d{1,2}[.):]\s*)?\W*(?P<said>yes|no|true|false)\b(?=[\s*_]*(?:[.,:;!–—]|$))", re.IGNORECASE
)
_TAKEN_BACK = re.compile(
    r"\b(?:wait|actually|correction|mistaken?|oops|hmm|on second thought"
    r"|re-?(?:check|consider|examin|evaluat|calculat)\w*"
    r"|wrong|incorrect|however|instead|but)\b",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"[\s*_$(\[]*(?:option\s+|choice\s+)?[\s*_$(\[]*(?P<label>[A-Z])\b(?!['’])(?!\s+(?:or|and)\b)(?=[)\].,:;*_$\s]|$)"
)
_RESTATED = re.compile(r"\b(?:which is|or|i\.e\.|equivalent|that is)\b|[=≈]", re.IGNORECASE)
_YES_AND_NO = {"yes": True, "true": True, "no": False, "false": False}
_SAME = Fraction(1, 100)
"""Numbers this near are one answer, rounded."""


def has_opposed_answers(text: str, question: Question) -> bool:
    """Whether a path states two final answers that cannot both be right; of open answers none is said to be opposed."""
    read = _READERS.get(question.kind)
    if read is None:
        return False
    answers = sorted(_answers(text, question, read), key=lambda found: found[0])
    return any(
        _differ(first, second) and not _TAKEN_BACK.search(text[end:start])
        for (_, end, first), (start, _, second) in pairwise(answers)
    )


def _answers(text: str, question: Question, read: Callable[[str], Answer | None]) -> Iterator[tuple[int, int, Answer]]:
    """Each answer with where it stands."""
    for box in boxes(text):
        if box.close >= 0 and (answer := read(text[box.inside : box.close])) is not None:
            yield box.start, box.close + 1, answer
    lower = lowered(text)
    stated = _STATED.finditer(lower) if _ANSWER_IS.search(lower) else ()
    concluded = _CONCLUDED.finditer(lower) if question.kind == "boolean" else ()
    for found in chain(stated, concluded):
        said = _SENTENCE.split(text[found.start("said") : found.end("said")], maxsplit=1)[0]
        answer = None if _RESTATED.search(said) else read(unwrap(said))
        if answer is not None:
            yield found.start(), found.start("said") + len(said), answer
    if question.kind == "boolean" and question.text.count("?") < 2:
        yield from _opened(text)


def _opened(text: str) -> Iterator[tuple[int, int, Answer]]:
    """Sentences that open with yes or no, unless they reply to a question of the path's own."""
    begin, before = 0, ""
    for end in (*(found.end() for found in _SENTENCE.finditer(text)), len(text)):
        sentence = text[begin:end]
        opened = _OPENED.match(sentence)
        if opened is not None and not before.rstrip().endswith(("?", ":")):
            yield begin, begin + opened.end(), _YES_AND_NO[opened["said"].casefold()]
        # a list marker alone is no sentence before another
        if any(character.isalpha() for character in sentence):
            before = sentence
        begin = end


def _differ(first: Answer, second: Answer) -> bool:
    if isinstance(first, Fraction) and isinstance(second, Fraction):
        return abs(first - second) > _SAME * max(abs(first), abs(second))
    return first != second


def _read_boolean(said: str) -> bool | None:
    words = re.findall(r"[^\W\d_]+", said.casefold())
    return _YES_AND_NO.get(words[0]) if words else None


def _read_label(said: str) -> str | None:
    found = _LABEL.match(said)
    return found["label"] if found else None


def _read_number(said: str) -> Answer | None:
    number = read_number(said.rstrip(" .*$\\)"))
    return number.value if number is not None else None


_READERS: dict[str, Callable[[str], Answer | None]] = {
    "boolean": _read_boolean,
    "choice": _read_label,
    "number": _read_number,
}
