"""Compares answers that are words: case, articles, punctuation and spacing do not count, everything else does.

folded("The  Eiffel Tower.") == folded("eiffel tower")
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from regenesis.answers.characters import plain
from regenesis.answers.markup import undress

_LONGEST = 2_000
_ARTICLE = re.compile(r"\b(?:a|an|the)\b\s+")
_PUNCTUATION = re.compile(r"[^\w\s%°$€£+<>=/*^-]|_")
_EDGE = re.compile(r"(?<!\w)-|-(?!\w)")
_SPACES = re.compile(r"\s+")
_BRACKETS = re.compile(r"[()\[\]{}<>\s]+")
_ESCAPED = {r"\{": "\ufdd0", r"\}": "\ufdd1"}
"""Braces that are meant as such, and what stands for them while markup is taken off: no text holds these."""
_REMARK = re.compile(r"\s+\([^()]*\)")
_REASON = re.compile(r"[,;]?\s+(?:because|since|as|which|given|due)\b.*", re.DOTALL | re.IGNORECASE)

_TRUE = frozenset({"yes", "true", "y", "t"})
_FALSE = frozenset({"no", "false", "n", "f"})
_BOOLEAN = re.compile(
    r"(?:it is |that is |is |(?:the|this) (?:statement|claim|answer|sentence) is |a |an )?(yes|no|true"
    r"|false)\b(?!\s*[-/]\s*\w|\s+(?:or|and|one|doubt|matter)\b)",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"\b(yes|no|true|false)\W*$", re.IGNORECASE)


@lru_cache(maxsize=8192)
def folded(text: str) -> str:
    """The text without case, articles, punctuation and surplus space; whatever is nothing but punctuation stays.

    Of a text of brackets alone every bracket counts.
    """
    if _BRACKETS.fullmatch(text):
        return _SPACES.sub("", text)
    text = unicodedata.normalize("NFKC", plain(text)).casefold()
    words = _SPACES.sub(" ", _EDGE.sub(" ", _PUNCTUATION.sub(" ", text))).strip()
    words = _ARTICLE.sub("", words + " ").strip() or words
    return words or _SPACES.sub("", text)


def read_boolean(text: str) -> bool | None:
    """`True` for yes or true, `False` for no or false, `None` for anything else."""
    if len(text) > _LONGEST:
        return None
    text = undress(text).replace("$", "").strip(" \t\n\"'.:;,!()[]")
    lowered = text.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    match = _BOOLEAN.match(text)
    if match is None:
        return None
    rest = text[match.end() :]
    if rest and rest.lstrip()[:1].isalpha() and not _REASON.match(rest):
        return None
    last = _LAST_WORD.search(rest)
    if last is not None and (last[1].lower() in _TRUE) != (match[1].lower() in _TRUE):
        return None
    return match[1].lower() in _TRUE


def read_words(text: str) -> str | None:
    """The answer as words, without markup, remarks and reasons; `None` where nothing is left."""
    if len(text) > _LONGEST:
        return None
    bare = text.replace("\\", "").strip(" \t\n$`*\"'.")
    if _BRACKETS.fullmatch(bare):
        return " ".join(bare.split())
    for escaped, held in _ESCAPED.items():
        text = text.replace(escaped, held)
    text = undress(text).strip()
    for escaped, held in _ESCAPED.items():
        text = text.replace(held, escaped[1])
    if text.startswith("$") and text.endswith("$") and len(text) > 2:
        text = text[1:-1].strip()
    text = text.strip("\"'").rstrip(".").strip()
    return text or None


def same_words(left: str, right: str) -> bool:
    """Whether two answers are the same words."""
    if folded(left) == folded(right):
        return True
    shortened = [folded(_REMARK.sub("", _REASON.sub("", text))) for text in (left, right)]
    return bool(shortened[0]) and shortened[0] == shortened[1]
