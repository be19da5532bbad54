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
_NAME_ARTICLE = re.compile(
    r"(?:\A|(?<=\b(?:of|in|on|to|at|by) )|(?<=\b(?:and|for) )|(?<=\b(?:from|with) ))(?:a|an|the)\b\s+"
)
_LISTED = re.compile(r"[,;|\n]")
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
_LABEL = re.compile(
    r"(?:option\s+)?[(\[]?[A-Za-z1-9](?:[)\]]|[.:](?=\s))[:.]?\s*(?=\W*(?:yes|no|true|false)\b)", re.IGNORECASE
)
_BOOLEAN = re.compile(
    r"(?:(?:so|thus|therefore),?\s+)?"
    r"(?:it is |that is |is |(?:the|this) (?:statement|claim|answer|sentence) is |a |an )?"
    r"(?:(?:usually|generally|typically|in general|probably|likely|most likely|definitely|certainly|clearly|simply"
    r"|technically|actually|indeed|clear|definite|resounding|simple|obviously),?\s+)?"
    r"[\[(\"']?(yes|no|true|false)\b(?!\s*[-/]\s*\w|\s+(?:or|and|one|doubt|matter)\b)[\])\"']?",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\W*(?:but\s+)?(?:only\s+)?(?:if|unless|depend\w*|provided|assuming|sometimes|in (?:some|certain|many) \w+)\b"
    r"|.*\b(?:it|that|this|but|answer)\s+(?:all\s+)?depends\b",
    re.IGNORECASE | re.DOTALL,
)
_TURN = re.compile(
    r"\b(?:but|and|or|while|though|however)\W+(?:(?:also|it is|the answer is)\s+)?(yes|no|true|false)\b"
    r"(?=\W*$|\W*[,;:(]|\s+(?:for|if|in|when|to|otherwise)\b)",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"\b(yes|no|true|false)\W*$", re.IGNORECASE)


@lru_cache(maxsize=8192)
def folded(text: str) -> str:
    """The text without case, articles, punctuation and surplus space; whatever is nothing but punctuation stays.

    Of a text of brackets alone every bracket counts.
    """
    return _folded(text, _ARTICLE)


@lru_cache(maxsize=8192)
def _folded_name(text: str) -> str:
    """Folded as a single name: an article that leads it or follows a preposition does not count.

    In a list of words an article may be one of the words, so there all count.
    """
    return _folded(text, None if _LISTED.search(text.strip()) else _NAME_ARTICLE)


def _folded(text: str, articles: re.Pattern[str] | None) -> str:
    if _BRACKETS.fullmatch(text):
        return _SPACES.sub("", text)
    text = unicodedata.normalize("NFKC", plain(text)).casefold()
    words = _SPACES.sub(" ", _EDGE.sub(" ", _PUNCTUATION.sub(" ", text))).strip()
    if articles is not None:
        words = articles.sub("", words + " ").strip() or words
    return words or _SPACES.sub("", text)


def read_boolean(text: str) -> bool | None:
    """`True` for yes or true, `False` for no or false, `None` for anything else."""
    if len(text) > _LONGEST:
        return None
    text = undress(text).replace("$", "")
    label = _LABEL.match(text.lstrip(" \t\n\"'"))
    if label is not None:
        text = text.lstrip(" \t\n\"'")[label.end() :]
    text = text.strip(" \t\n\"'.:;,!()[]")
    lowered = text.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    match = _BOOLEAN.match(text)
    if match is None:
        return None
    rest = text[match.end() :]
    if _HEDGE.match(rest) or (rest and rest.lstrip()[:1].isalpha() and not _REASON.match(rest)):
        return None
    last = _TURN.search(rest) or _LAST_WORD.search(rest)
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


def same_words(answer: str, gold: str) -> bool:
    """Whether an answer is the same words as gold.

    A reason or remark behind the answer does not count; gold has no reason, so none of its words may be cut off.
    """
    wanted = _folded_name(gold)
    if _folded_name(answer) == wanted:
        return True
    shortened = _REMARK.sub("", _REASON.sub("", answer))
    if shortened != answer and shortened.strip() and _folded_name(shortened) == wanted:
        return True
    unremarked = _REMARK.sub("", gold)
    return unremarked != gold and bool(unremarked.strip()) and _folded_name(answer) == _folded_name(unremarked)
