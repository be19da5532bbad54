"""Garbage: text that no person writes, whatever it answers.

    is_garbage(text, question)

Broken characters, marks of a chat template or a tokenizer, wrongly decoded text, mostly symbols, mostly words
that cannot be words, or a script that the question is not in. What the question itself holds is no garbage.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter

from regenesis.curation.scripts import switches_script
from regenesis.curation.text import holds_any, longest_unspaced
from regenesis.curation.turns import TEMPLATE_TOKEN

_BROKEN_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn"})
_TOKENIZER_MARK = re.compile(r"[ĠĊ]\w|▁\w|<0x[0-9A-F]{2}>")
_WRONGLY_DECODED = re.compile(r"â€[™œ“”˜¦\u009d\u0080-\u009f]|Ã[©¨¼¶¤±³¡\u00ad]|Â[£°±·½¼]|ï¿½")
_ARTEFACTS_BEGIN = ("<", "[INST", "[/INST")
"""What every mark in a text of ASCII begins with."""
_LONGEST = 46
"""Letters and digits in a row that no word has."""
_ENDLESS = re.compile(rf"[A-Za-z0-9]{{{_LONGEST},}}")
_ASCII_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PLAIN_ASCII = dict.fromkeys(map(ord, string.ascii_letters + string.digits + string.whitespace))
_LETTERS = re.compile(r"[^\W\d_]+")
_CONSONANTS = re.compile(r"[b-df-hj-np-tv-xz]{5}")
"""What every nonword holds, and few words."""
_VOWELS = frozenset("aeiouy")
_LEAST_PLAIN = 0.4
_MOST_NONWORDS = 0.15
_FEWEST_CHARACTERS = 40
_FEWEST_LONG_WORDS = 8


def is_garbage(text: str, question: str) -> bool:
    """Whether the text is not language."""
    return (
        _has_broken_characters(text)
        or _has_artefacts(text, question)
        or switches_script(text, question)
        or _is_mostly_symbols(text, question)
        or _is_mostly_nonwords(text, question)
    )


def _has_broken_characters(text: str) -> bool:
    if text.isascii():
        return _ASCII_CONTROL.search(text) is not None
    return any(
        character == "\ufffd" or (character not in "\n\t" and unicodedata.category(character) in _BROKEN_CATEGORIES)
        for character in set(text)
    )


def _has_artefacts(text: str, question: str) -> bool:
    if text.isascii() and not holds_any(text, _ARTEFACTS_BEGIN):
        return False
    patterns = (TEMPLATE_TOKEN, _TOKENIZER_MARK, _WRONGLY_DECODED)
    return any(mark[0] not in question for pattern in patterns for mark in pattern.finditer(text))


def _is_mostly_symbols(text: str, question: str) -> bool:
    """Whether letters, digits, spaces and the symbols that the question uses itself are few."""
    if len(text) < _FEWEST_CHARACTERS:
        return False
    if len(text) - len(text.translate(_PLAIN_ASCII)) >= _LEAST_PLAIN * len(text):
        return False  # most texts, without a look at each of their characters
    used = set(question)
    plain = sum(
        count
        for character, count in Counter(text).items()
        if character.isalnum() or character.isspace() or character in used
    )
    return plain < _LEAST_PLAIN * len(text)


def _is_mostly_nonwords(text: str, question: str) -> bool:
    endless = _ENDLESS.finditer(text) if longest_unspaced(text) >= _LONGEST else ()
    if any(run[0] not in question and not run[0].isdecimal() for run in endless):
        return True
    folded = text.casefold()
    if _CONSONANTS.search(folded) is None:
        return False
    known = set(_LETTERS.findall(question.casefold()))
    words = [word for word in _LETTERS.findall(folded) if len(word) > 4 and word.isascii() and word not in known]
    nonwords = sum(_VOWELS.isdisjoint(word) for word in words)
    return len(words) >= _FEWEST_LONG_WORDS and nonwords > _MOST_NONWORDS * len(words)
