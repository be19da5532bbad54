r"""What a gold cell states: the cell itself, or the final answer of the worked solution that it holds.

stated("3 crates of 4 are 12.\n#### 12", "auto")  # "12"
"""

from __future__ import annotations

import re

from regenesis.answers.reading import Answer, read
from regenesis.answers.statements import SENTENCE_END, statements
from regenesis.types import AnswerKind, Choice

_MARKED = ("box", "tag", "hashes")
_WINDOW = 20_000
_ANSWER_BELOW = re.compile(r"^[ \t]*#{4}[ \t]*\n\s*(\S[^\n]*)\s*\Z", re.MULTILINE)
_LABELLED = re.compile(
    r"[*_\s]*(?:the\s+)?(?:final\s+|correct\s+)?answer[*_]*\s*(?:[:=]|is\b:?)\s*[*_]*", re.IGNORECASE
)
_HOPE = re.compile(r"\bI hope (?:it|this) is correct[.!]*\s*\Z", re.IGNORECASE)
_EDGES = " \t\n\r.。*_`$\"'"
_WORKED = re.compile(r"=|[0-9]\s*[-+*/×÷]\s*[0-9]")
_CALCULATOR = re.compile(r"<<[^<>\n]*>>")
_MARKED_LINE = re.compile(r"\n*^####.*\Z", re.MULTILINE | re.DOTALL)
_LONG = 300
_SENTENCES = 3


def stated(text: str, kind: AnswerKind | str, choices: tuple[Choice, ...] = ()) -> str | None:
    """The answer that a cell states, as written there; `None` if it holds a solution that states none.

    The last box, tag or `####` counts, else a final "the answer is …", else what a worked solution ends in.
    """
    text = text[-_WINDOW:].strip()
    found = list(statements(text))
    marked = next((one.text for one in found if one.place in _MARKED), None)
    if marked is None and "####" in text:
        below = _ANSWER_BELOW.search(text)
        marked = None if below is None else below[1]
    if marked is not None:
        return _without_label(marked)
    phrase = next((one.text.strip() for one in found if one.place == "phrase"), "")
    if phrase and (_ends_in(text, phrase) or (is_solution(text) and kind not in ("auto", "text"))):
        return _without_label(phrase)
    if not is_solution(text):
        return text
    return _concluded(text, kind, choices)


def is_solution(text: str) -> bool:
    """Whether a text is longer than an answer is: several sentences, or lines of working."""
    if len(text) > _LONG:
        return True
    parts = [part for part in SENTENCE_END.split(text) if part.strip(_EDGES)]
    return len(parts) >= _SENTENCES or (len(parts) > 1 and _WORKED.search(text) is not None)


def working_in(text: str) -> str:
    """A worked solution without the line that marks its answer (`#### 12`) and notes to a calculator (`<<3*4=12>>`)."""
    return _MARKED_LINE.sub("", _CALCULATOR.sub("", text)).strip()


def holds_working(text: str) -> bool:
    """Whether a text works towards its answer, and is not the answer alone."""
    working = working_in(text)
    marked = working != text.strip() and re.search(r"[^\W_]", working) is not None
    return marked or is_solution(working)


def _concluded(text: str, kind: AnswerKind | str, choices: tuple[Choice, ...]) -> str | None:
    if kind == "text":
        return text
    if kind == "auto" and not choices and not _WORKED.search(text):
        # prose may well end in a number that is no answer
        return None
    wanted: AnswerKind = "choice" if choices else "number" if kind == "auto" else kind  # type: ignore[assignment]
    answer = read(text, wanted, choices)
    return answer.text if isinstance(answer, Answer) else None


def _ends_in(text: str, phrase: str) -> bool:
    return _HOPE.sub("", text).rstrip(_EDGES).endswith(phrase.rstrip(_EDGES))


def _without_label(text: str) -> str:
    text = text.strip()
    label = _LABELLED.match(text)
    return text[label.end() :].strip(" \t*_") if label and label.end() < len(text) else text
