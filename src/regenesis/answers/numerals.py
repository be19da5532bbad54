"""Numbers written as English words, from zero to the millions, simple fractions of one, and Chinese numerals.

numeral_value("twenty-one")  # Fraction(21)
"""

from __future__ import annotations

import re
from fractions import Fraction

_UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4,
          "fifth": 5, "fifths": 5, "tenth": 10, "tenths": 10}  # fmt: skip
_WORD = "|".join(sorted([*_UNITS, *_TENS, *_SCALES, *_PARTS], key=len, reverse=True))
_FIRST = "|".join(sorted([*_UNITS, *_TENS], key=len, reverse=True))
NUMERAL = re.compile(
    rf"(?:(?:minus|negative)\s+)?(?:(?:{_FIRST})|an?\s+(?:hundred|thousand|million|half|third|quarter))\b"
    rf"(?:(?:\s*-\s*|\s+and\s+|\s+)(?:{_WORD})\b){{0,12}}",
    re.IGNORECASE,
)

CHINESE = re.compile(r"(?:负)?[零〇一二两三四五六七八九十百千万]{1,12}")
_CHINESE_DIGITS = {"零": 0, "〇": 0, "两": 2} | {
    sign: value for value, sign in enumerate("一二三四五六七八九", start=1)
}
_CHINESE_SCALES = {"十": 10, "百": 100, "千": 1_000}


def chinese_value(signs: str) -> Fraction | None:
    """Value of a number in Chinese numerals, below ten thousand times ten thousand; `None` where they make none."""
    sign, signs = (-1, signs[1:]) if signs.startswith("负") else (1, signs)
    if all(character in _CHINESE_DIGITS for character in signs):
        # digits side by side are a number as in a year, or several
        return Fraction(sign * _CHINESE_DIGITS[signs]) if len(signs) == 1 else None
    above, _, below = signs.rpartition("万")
    parts = [_chinese_group(part) if part else 0 for part in (above, below)]
    if parts[0] is None or parts[1] is None or "万" in above or ("万" in signs and not above):
        return None
    return Fraction(sign * (parts[0] * 10_000 + parts[1]))


def _chinese_group(signs: str) -> int | None:
    total, digit, last = 0, None, 10_000
    for character in signs:
        if character in _CHINESE_SCALES:
            scale = _CHINESE_SCALES[character]
            if scale >= last or digit == 0 or (digit is None and (scale != 10 or total)):
                return None
            total, digit, last = total + (1 if digit is None else digit) * scale, None, scale
        elif digit is not None and digit != 0:
            return None
        else:
            digit = _CHINESE_DIGITS[character]
    return total + (digit or 0)


def numeral_value(words: str) -> Fraction | None:
    """Value of a number in words as `NUMERAL` matches it, or `None` where the words do not make one number."""
    parts = [part for part in re.split(r"[\s-]+", words.lower()) if part != "and"]
    sign = -1 if parts[0] in ("minus", "negative") else 1
    parts = parts[1:] if sign < 0 else parts
    if parts[0] in ("a", "an"):
        parts[0] = "one"
    under = 1
    if len(parts) > 1 and parts[-1] in _PARTS:
        under = _PARTS[parts.pop()]
    value = _whole(parts)
    return None if value is None else Fraction(sign * value, under)


def _whole(parts: list[str]) -> int | None:
    total, group, floor = 0, 0, 10**12
    last = 10**12
    for part in parts:
        if part in _UNITS or part in _TENS:
            step = 10 if part in _TENS else 1
            value = _TENS.get(part, _UNITS.get(part, 0))
            # a word must fill a place that is still empty: "five six" is two numbers
            if last <= step or (step == 1 and last == 10 and not 0 < value < 10):
                return None
            group, last = group + value, step
        elif part == "hundred":
            if not 0 < group < 100 or last > 10:
                return None
            group, last = group * 100, 100
        elif part in _SCALES:
            scale = _SCALES[part]
            if not group or scale >= floor:
                return None
            total, group, floor, last = total + group * scale, 0, scale, 10**12
        else:
            return None
    return total + group
