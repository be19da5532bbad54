"""Scripts: whether a text is written in one that its question is not written in.

    switches_script("それは 7 です。", "What is 3 + 4?")   # True
    switches_script("ステップ1: 足す。", "本は何冊ですか。")   # False: Japanese is written in kana and kanji

A model that slips into another language mid-way shows it by its letters. Latin letters belong to every language, and
single Greek ones to mathematics. Languages that share a script cannot be told apart here.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WRITTEN_TOGETHER = {
    "HIRAGANA": {"KATAKANA", "CJK"},
    "KATAKANA": {"HIRAGANA", "CJK"},
    "HANGUL": {"CJK"},
    "BOPOMOFO": {"CJK"},
    # a short question of Han characters alone may be Japanese as well as Chinese; Korean is never without Hangul
    "CJK": {"BOPOMOFO", "HIRAGANA", "KATAKANA"},
}
"""What else the text may be written in where a question holds a script."""

_FOREIGN = frozenset((
    "CYRILLIC", "ARMENIAN", "GEORGIAN", "CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "HANGUL", "ARABIC", "HEBREW",
    "SYRIAC", "THAANA", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA",
    "MALAYALAM", "SINHALA", "THAI", "LAO", "TIBETAN", "MYANMAR", "KHMER", "MONGOLIAN", "ETHIOPIC",
))  # fmt: skip
_WIDTHS = ("HALFWIDTH ", "FULLWIDTH ")
_MOST_FOREIGN_LETTERS = 1
_SHORTEST_GREEK_WORD = 4
_LETTERS = re.compile(r"[^\W\d_]+")


def switches_script(text: str, question: str) -> bool:
    """Whether the text holds more than a letter of a script, or a Greek word, that does not go with its question."""
    if text.isascii():
        return False
    asked = {_script(character) for character in question}
    allowed = asked.union(*(_WRITTEN_TOGETHER.get(script, ()) for script in asked))
    foreign = sum(_script(character) in _FOREIGN and _script(character) not in allowed for character in text)
    return foreign > _MOST_FOREIGN_LETTERS or ("GREEK" not in allowed and _holds_greek_word(text))


def _holds_greek_word(text: str) -> bool:
    """Greek words have accents and final sigmas; a product such as αβγδ has neither."""
    return any(
        len(word) >= _SHORTEST_GREEK_WORD
        and all(_script(letter) == "GREEK" for letter in word)
        and any(letter == "ς" or unicodedata.decomposition(letter) for letter in word)
        for word in _LETTERS.findall(text)
    )


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    if character.isascii() or not character.isalpha():
        return ""
    name = unicodedata.name(character, "")
    for width in _WIDTHS:
        name = name.removeprefix(width)
    return name.split(" ")[0]
