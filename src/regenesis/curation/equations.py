"""False equations: a path that says `72 - 36 = 47`, whatever its final answer.

    false_equation("He has 72 - 36 = 47 clips left.", question)   # "72 - 36 = 47"

Looked at is what is plainly an equation between numbers with an operation on one side or the other. Rounding, units and
their conversion, percentages, remainders, equations that are asked about or rejected, and those that the question holds
itself are no faults. What cannot be read for certain is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import chain, pairwise

from regenesis.curation.arithmetic import (
    MATHEMATICAL_WORDS,
    READINGS,
    Expression,
    Number,
    Operation,
    Reading,
    Token,
    parse,
    plain,
    tokens_of,
    value,
)
from regenesis.curation.boxes import boxes, unwrap
from regenesis.curation.text import holds_any

_PLAINLY = re.compile(
    r"(?=[\d\\])(?<![-+*/^×÷.,\d)}] )(?<![-+*/^×÷.,\d)}])(?<!\\times )(?<!\\cdot )(?<!\\div )"
    r"(?:\\frac\{(\d{1,9})\}\{(\d{1,9})\}|\b(\d{1,9}) ?([-+*/×÷]|\\times|\\cdot|\\div) ?(\d{1,9})) ?= ?(\d{1,9})"
    r"(?![\d,]*\d|\.\d|\w|\s*(?:[-+*/^×÷%({=≈!\[]|\\(?:times|cdot|div|approx|frac|%))"
    # a unit may stand between a number and what is done with it
    r"|(?:\s+[^\W\d_]+){1,6}\s*(?:[-+*/^×÷]|\\(?:times|cdot|div)))"
)
"""An equation of whole numbers with nothing about it that might belong to it."""
_IN_WORDS = re.compile(r"\d\S{0,3}(?: [a-z]+)?,?(?: which)? (?:equals|is|gives|makes|leaves) [-$\d(\\a]")
_APPROXIMATE = ("≈", "≃", "≅", "\\approx", "\\sim")
_WORDED = re.compile(
    r"(?P<left>\s[-+*/]\s+[$(]*[\d.,]*\d%?\)*(?:\s[a-z]+)?)(?:,? which)? (?:equals|is equal to|is|gives|makes|leaves)"
    r"(?= (?:about |approximately )?[-$\d(])"
)
_REMARK = re.compile(r"\([^()\d]*\)")
_CONTINUED = re.compile(r"\n\s*(?=[=≈])")
_PART_END = re.compile(r"\s(?:(?<=\n)(?=\s*(?:[-*•>]\s+|#+\s*|\*\*)?(?![xX_])[^\W\d])|(?<=[.?]\s)(?=\s*(?!X)[A-Z]))\s*")
"""Between two lines or sentences of which the second goes on with nothing from the first."""
_BRACKETS = (("{", "}"), ("[", "]"))
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=[^\W\d_])|\n+")
_MARKER = re.compile(r"^\s*(?:[-*•>#]+\s+|(?:step\s*)?\(?\d{1,2}[.):]\s+|step\s+\d+\s*[-:.]\s*)+", re.IGNORECASE)
_ABOUT = re.compile(
    r"\b(?:round\w*|nearest|approx\w*|about|roughly|almost|nearly|estimat\w*|remainders?|left\s?over|whole|integers?|floor"
    r"|ceil\w*|truncat\w*|full|complete|at (?:most|least))\b|\bR\s?\d",
    re.IGNORECASE,
)
_DOUBTED = re.compile(
    r"\?|≠|[✗✘❌]|\b(?:not|false|wrong|incorrect|invalid|contradict\w*|impossible|mistake\w*|suppose|assum\w*|whether|never"
    r"|instead of|fails?|check if|try(?:ing)?|test(?:ing)?|guess)\b|n['’]t\b",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"\W*(?:but |however,? |so )?(?:this|that|which|it)(?:['’]s| is| does| can| was)?\s*(?:not|n['’]t|false|wrong"
    r"|incorrect|impossible|an? (?:contradiction|mistake|error))",
    re.IGNORECASE,
)
_OTHER_ARITHMETIC = re.compile(
    r"\b(?:binary|octal|hexadecimal|base[- ]?\d+|boolean|modul\w+|mod|clock|xor|matri\w+|vectors?|operations?"
    r"|operators?|defined?|cipher|cryptarithm\w*)\b",
    re.IGNORECASE,
)
_CONVERTED = re.compile(
    r"(?P<length>\b(?:feet|foot|ft|inch(?:es)?|in|yards?|miles?|[ckm]?m|(?:centi|milli|kilo)?met(?:er|re)s?)\b|[\"'″′])"
    r"|(?P<time>\b(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|decades?|centur(?:y|ies))\b)"
    r"|(?P<mass>\b(?:pounds?|lbs?|ounces?|oz|k?g|mg|(?:kilo|milli)?grams?|tons?|tonnes?)\b)"
    r"|(?P<volume>\b(?:m?l|(?:milli)?lit(?:er|re)s?|gallons?|quarts?|pints?|cups?|teaspoons?|tablespoons?)\b)"
    r"|(?P<money>\b(?:cents?|dollars?|pence|pounds?|euros?|pennies|penny|nickels?|dimes?|quarters?)\b|\$(?=\d)|[¢€£])"
    r"|(?P<count>\b(?:dozens?|pairs?|scores?|gross|hundreds?|thousands?|millions?|billions?)\b)",
    re.IGNORECASE,
)
_LARGEST_SLIP = Fraction(1, 10)
"""Share by which what is called approximate may be off."""
_ROUGH = Fraction(1, 100)
_FEWEST_WHOLE = 10
"""Below this a whole number is no rounding of another one unless it is called so."""
_LONGEST_SIDE = 40


def has_false_equation(text: str, question: str) -> bool:
    """Whether a path states an equation between numbers that does not hold."""
    return false_equation(text, question) is not None


def false_equation(text: str, question: str) -> str | None:
    """The sentence with the first equation that does not hold, `None` if all hold or none can be read.

    Args:
        text: The text of a path.
        question: The question it answers. One with an arithmetic of its own, or a puzzle of wrong equations, excuses
            all.
    """
    found = next(_false_equations(text), None)
    if found is None or _OTHER_ARITHMETIC.search(question):
        return None
    # a puzzle asks of equations that do not hold
    return None if next(_false_equations(question, even_doubted=True), None) is not None else found


def leaves_open(text: str) -> bool:
    r"""Whether a box holds a computation in the place of its result, such as `\boxed{14 \times 50}`."""
    return any(_is_computation(text[box.inside : box.close]) for box in boxes(text) if box.close >= 0)


def _is_computation(boxed: str) -> bool:
    if boxed.isdecimal():
        return False
    tokens = tokens_of(plain(boxed))
    parsed = parse(tokens, 0)
    if parsed is None or not isinstance(parsed[0], Operation) or parsed[1] < len(tokens):
        return False
    operator, operands = parsed[0]
    power_of_ten = isinstance(operands[-1], Operation) and operands[-1].operator == "^"
    return len(operands) == 2 and operator in ("+", "-", "*") and not (operator == "*" and power_of_ten)


def _parts(text: str) -> list[str]:
    """The text in lines and sentences, several together where they cannot be read apart."""
    parts: list[str] = []
    begin = last = 0
    unclosed, is_open = dict.fromkeys(_BRACKETS, 0), dict.fromkeys(_BRACKETS, False)
    for end in (*(found.end() for found in _PART_END.finditer(text)), len(text)):
        # what was added alone is looked at: a bracket may stay open to the end of a long text
        added, last = text[last:end], end
        for opening, closing in _BRACKETS:
            if opening in added or closing in added:
                unclosed[opening, closing] += added.count(opening) - added.count(closing)
                is_open[opening, closing] = added.rfind(opening) > added.rfind(closing)
        if not any(is_open.values()) and max(unclosed.values()) <= 0:
            parts.append(text[begin:end].rstrip())
            begin, unclosed = end, dict.fromkeys(_BRACKETS, 0)
    return [*parts, text[begin:]]


def _hold_at_a_glance(text: str) -> bool:
    """Whether all that might state an equation is a plain one that holds, which spares most of a path being read."""
    signs = text.count("=")
    if signs and sum(_is_true(found) for found in _PLAINLY.finditer(text)) < signs:
        return False
    return not _is_worded(text)


def _is_worded(text: str) -> bool:
    """Whether what the text states may have another sign than `=`, or none."""
    return holds_any(text, _APPROXIMATE) or _IN_WORDS.search(text) is not None


def _is_true(plainly: re.Match[str]) -> bool:
    top, bottom, left, operator, right, result = plainly.groups()
    first, second, third = int(top or left), int(bottom or right), int(result)
    if top or operator in ("/", "÷", "\\div"):
        return second * third == first
    if operator in "+-":
        return third == (first + second if operator == "+" else first - second)
    return third == first * second


def _false_equations(text: str, *, even_doubted: bool = False) -> Iterator[str]:
    meant: dict[Number, Fraction] = {}
    text = unwrap(text)
    worded = _is_worded(text)
    for part, behind in pairwise([*_parts(text), ""]):
        if ("=" in part or worded) and not _hold_at_a_glance(part):
            yield from _false_equations_in(part, behind, meant, even_doubted=even_doubted)


def _false_equations_in(part: str, behind: str, meant: dict[Number, Fraction], *, even_doubted: bool) -> Iterator[str]:
    sentences = _sentences(part)
    for place, sentence in enumerate(sentences, 1):
        stated = _WORDED.sub(r"\g<left> = ", sentence)
        if "=" not in stated and "≈" not in stated:
            continue
        stated = _MARKER.sub("", _REMARK.sub(" ", stated), count=1)
        for left, sign, right in _equations(tokens_of(stated)):
            if _holds(left, right, meant, loosely=partial(_is_rough, sign, sentence)):
                continue
            following = next(chain(sentences[place:], _sentences(behind)), "")
            doubted = _DOUBTED.search(sentence) or _TAKEN_BACK.match(following)
            if (even_doubted or not doubted) and not _converts(sentence):
                yield sentence.strip()


def _sentences(text: str) -> list[str]:
    split = _SENTENCE_END.split(_CONTINUED.sub(" ", plain(text)))
    return [sentence for sentence in split if sentence.strip()]


def _is_rough(sign: str, sentence: str) -> bool:
    return sign == "≈" or _ABOUT.search(sentence) is not None


def _equations(tokens: Sequence[Token]) -> Iterator[tuple[Expression, str, Expression]]:
    """The equations of a sentence that can be read on both sides, of which one or the other computes something."""
    last = -1
    for place, token in enumerate(tokens):
        if token.kind != "relation":
            continue
        left, right = _left_of(tokens, last + 1, place), _right_of(tokens, place + 1)
        last = place
        if left is not None and right is not None and (_computes(left) or _computes(right)):
            yield left, token.text, right


def _computes(expression: Expression) -> bool:
    if isinstance(expression, Number):
        return expression.divided
    return len(expression.operands) == 2


def _left_of(tokens: Sequence[Token], begin: int, end: int) -> Expression | None:
    """The longest expression that ends at `end` and has nothing before it that might belong to it."""
    for start in range(max(begin, end - _LONGEST_SIDE), end):
        begins = tokens[start].kind
        if begins not in ("number", "open") and not (tokens[start].text == "-" and not tokens[start + 1].spaced):
            continue
        parsed = parse(tokens, start)
        if parsed is None or parsed[1] != end:
            continue
        if isinstance(parsed[0], Number) and end > start + 1:
            continue  # "3 boxes = 2 * 18 pens" is about boxes, not about 3
        before = tokens[start - 1] if start > begin else None
        if before is None or before.kind == "stop":
            return parsed[0]
        if before.kind == "word" and _stands_alone(parsed[0], tokens, start, begin):
            return parsed[0]
    return None


def _stands_alone(expression: Expression, tokens: Sequence[Token], start: int, begin: int) -> bool:
    """Whether an expression behind a word is whole, with no "twice", "the sum of", "3 and" or "his cats + his"."""
    word = tokens[start - 1].text
    if isinstance(expression, Number) or tokens[start].kind == "open" or word in MATHEMATICAL_WORDS:
        return False
    place = start - 1
    while place >= begin and tokens[place].kind == "word":
        place -= 1
    before = tokens[place].kind if place >= begin else "stop"
    return before != "operator" and not (word == "and" and begin == 0 and before in ("number", "close"))


def _right_of(tokens: Sequence[Token], start: int) -> Expression | None:
    while start < len(tokens) and tokens[start].text in ("about", "approximately", "roughly", "around", "exactly"):
        start += 1
    parsed = parse(tokens, start)
    if parsed is None:
        return None
    expression, end = parsed
    behind = tokens[end] if end < len(tokens) else None
    if behind is None or behind.kind in ("stop", "relation", "close"):
        factorial = behind is not None and behind.text == "!" and not behind.spaced
        return None if factorial else expression
    if behind.kind == "operator":
        # a dash: "= 36 - so she has 36 left"
        dash = behind.text == "-" and behind.spaced and end + 1 < len(tokens) and tokens[end + 1].kind == "word"
        return expression if dash else None
    if behind.kind == "open":
        return expression if behind.spaced else None
    return expression if behind.kind == "word" and behind.text not in MATHEMATICAL_WORDS else None


def _holds(left: Expression, right: Expression, meant: dict[Number, Fraction], *, loosely: Callable[[], bool]) -> bool:
    """Whether the sides are equal in some reading; a rounded result is remembered for what it stands for."""
    for known in ({}, meant) if meant else ({},):
        for reading in READINGS:
            values = value(left, reading, known), value(right, reading, known)
            if values[0] is None or values[1] is None or values[0] == values[1]:
                return True
            if _nearly(left, right, (values[0], values[1]), reading, loosely=loosely()):
                for side, exact in ((right, values[0]), (left, values[1])):
                    if isinstance(side, Number) and not side.percent and side.scale == 1:
                        meant[side] = exact
                return True
    return False


def _nearly(
    left: Expression, right: Expression, values: tuple[Fraction, Fraction], reading: Reading, *, loosely: bool
) -> bool:
    off = abs(values[0] - values[1])
    if loosely:
        return off < 1 or off <= _LARGEST_SLIP * max(abs(values[0]), abs(values[1]))
    if isinstance(right, Number):
        return _rounds_to(values[0], right, off, reading)
    if isinstance(left, Number):
        return _rounds_to(values[1], left, off, reading)
    return off <= _ROUGH * max(abs(values[0]), abs(values[1])) and (_has_decimals(left) or _has_decimals(right))


def _rounds_to(exact: Fraction, shown: Number, off: Fraction, reading: Reading) -> bool:
    """Whether a number is `exact` rounded, up or down, to the decimals it shows."""
    unit = Fraction(1, 10**shown.decimals) * (shown.scale if reading.scaled else 1)
    if shown.percent and reading.percent_divides:
        unit /= 100
    if off >= unit:
        return False
    endless = _without_twos_and_fives(exact.denominator) > 1
    if shown.decimals == 0 and not shown.percent:
        return endless and shown.value >= _FEWEST_WHOLE
    return endless or shown.decimals >= 2 or shown.percent


def _without_twos_and_fives(number: int) -> int:
    for factor in (2, 5):
        while number % factor == 0:
            number //= factor
    return number


def _has_decimals(expression: Expression) -> bool:
    if isinstance(expression, Number):
        return expression.decimals > 0
    return any(_has_decimals(operand) for operand in expression.operands)


def _converts(sentence: str) -> bool:
    """Whether a sentence speaks of two units of one kind, such as feet and inches."""
    seen: dict[str, set[str]] = {}
    for found in _CONVERTED.finditer(sentence):
        if found.lastgroup is not None:
            seen.setdefault(found.lastgroup, set()).add(found[0].casefold().rstrip("s").removesuffix("e"))
    return any(len(units) > 1 for units in seen.values())
