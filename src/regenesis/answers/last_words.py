"""Answers of other kinds than numbers in a response's last words: an option's mark, yes or no, a word in quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from regenesis.answers.endings import DOUBT, endings, last_sentence
from regenesis.answers.openings import ends_a_list
from regenesis.answers.options import HEDGED, Options, label_marks, read_option
from regenesis.answers.statements import Statement

_LONGEST = 400
_QUOTED = re.compile(r"(?<![\w])[\"“]([^\"“”\n]{1,120})[\"”](?!\w)|(?<!\w)'([^'\n]{1,120})'(?!\w)|`([^`\n]{1,120})`")
_SAYS = re.compile(
    r"\b(?:is|are|was|be|get|becomes?|gives|spells?|obtain|yields?|to form)\b\s*:?\s+|:\s+(?=\S)", re.IGNORECASE
)
_FUNCTION_WORD = re.compile(
    r"\b(?:the|of|to|is|are|was|we|that|in|these|this|it|so|by|from|with|which|not|can|will|our|a|an|because|you|i)\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"[A-Za-z][^:\n]{2,80}:\s+\S")
_OPENING_WORDS = 12
_MOST_WORDS = 60
_QUESTION_ANSWERED = re.compile(r"\?[*_\"']*\s+(?=[^?\n]*$)")
_IN_BRACKETS = re.compile(r"[\[(]\W*(yes|no|true|false)\W*[\])][*_.\s]*$", re.IGNORECASE)


def said_words(text: str) -> Iterator[Statement]:
    """Words that a response ends in: its last line if that is no sentence, else what its last sentence says.

    That is its one quotation, or what follows its last "is", "are", "get" or colon.
    """
    for ending in endings(text):
        if ending.place != "line" or not _is_sentence(ending.text):
            if ending.place in ("line", "conclusion") and not _is_sentence(ending.text):
                yield ending
            continue
        break
    sentence = last_sentence(text)
    if not sentence or len(sentence) > _LONGEST or sentence.endswith("?") or DOUBT.search(sentence):
        return
    quoted = {match[1] or match[2] or match[3] for match in _QUOTED.finditer(sentence)}
    if len(quoted) == 1:
        yield Statement(quoted.pop(), "claim")
    elif not quoted:
        said = list(_SAYS.finditer(sentence))
        said = [match for match in said if ":" in match[0]] or said  # a list may hold any word, "is" and "are", too
        rest = sentence[said[-1].end() :].strip() if said else ""
        if rest and not _is_sentence(rest) and len(rest.split()) <= _MOST_WORDS:
            yield Statement(rest, "claim")


def _is_sentence(text: str) -> bool:
    if _QUOTED.search(text) and not _QUOTED.fullmatch(text.strip(" .")):
        return True
    if _LABELLED.match(text):
        return True
    words = len(text.split())
    found = len(_FUNCTION_WORD.findall(" ".join(text.split()[:_OPENING_WORDS])))
    return found >= 2 and words >= 5


def labelled_at_the_end(text: str, options: Options) -> Iterator[Statement]:
    """The one option that the last sentence marks: `(B)` at its end, or `B)` before the option's own words."""
    sentence = last_sentence(text)
    if not options or len(sentence) > _LONGEST or sentence.endswith("?") or ends_a_list(text):
        return
    if DOUBT.search(sentence) or HEDGED.search(sentence):
        return
    marks = label_marks(sentence, options)
    if len({label for label, _ in marks}) != 1:
        return
    label, start = marks[-1]
    marked = sentence[start:].rstrip(" .*_")
    if read_option(marked, options, stated=False) == label and (start > 0 or len(marked) <= 4):
        yield Statement(marked, "line")


def answered_question(text: str) -> Iterator[Statement]:
    """Yes or no behind the question that a last line asks itself, or in brackets at its very end."""
    line = text.rstrip().rpartition("\n")[2][-_LONGEST:]
    asked = _QUESTION_ANSWERED.search(line)
    if asked is not None:
        yield Statement(line[asked.end() :], "line")
    marked = _IN_BRACKETS.search(line)
    if marked is not None:
        yield Statement(marked[1], "line")
