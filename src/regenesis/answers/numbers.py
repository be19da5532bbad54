"""Reads numbers exactly: no float is ever made, no sign ever lost, no number guessed out of several.

read_number("$1,234.50 dollars").text   # "1234.5"
read_number("5 or 6")                   # None
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from regenesis.answers.clauses import main_clause
from regenesis.answers.closeness import close, decimal_places
from regenesis.answers.markup import undress
from regenesis.answers.numerals import CHINESE, NUMERAL, chinese_value, numeral_value
from regenesis.answers.rules import Rules
from regenesis.answers.units import is_unit

_LONGEST = 2_000
_SHORT = 80
_MOST_DIGITS = 1_000
_MOST_EXPONENT = 1_000
_MOST_BITS = 4_000  # some 1,200 digits

_CURRENCY = r"(?:US\$|USD|EUR|GBP|INR|Rs\.?|[$€£¥₹])"
_GROUPED = (
    r"(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9])|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?![0-9])"
    r"|[1-9][0-9]{0,2}(?:[ '][0-9]{3})+(?![0-9/])|[0-9]+(?:_[0-9]{3})*)"
)
_DECIMAL_COMMA = r"(?:0,[0-9]+|[0-9]+,(?:[0-9]{1,2}|[0-9]{4,}))(?![0-9,.])"
_LITERAL = rf"(?:{_DECIMAL_COMMA}|{_GROUPED}(?:\.[0-9]+|\.(?![0-9.]))?|\.[0-9]+)"
_COMMA_DECIMAL = re.compile(_DECIMAL_COMMA)
_TOKEN = re.compile(
    rf"(?P<sign>[-+]|(?:minus|negative)(?=\s))?\s*{_CURRENCY}?\s*(?P<inner>[-+])?\s*(?P<literal>{_LITERAL})"
    r"(?:[eE](?P<exponent>[-+]?[0-9]+)(?![0-9A-Za-z])|\s*[*x]\s*10\s*\^\s*\{?\s*(?P<power>[-+]?[0-9]+)\}?"
    rf"|\s*/\s*(?P<under>{_LITERAL})|[ ]+(?P<top>[0-9]+)\s*/\s*(?P<bottom>[0-9]+))?"
    r"(?:\s*(?P<scale>hundred|thousand|million|billion|trillion)s?\b|(?P<kilo>[kK])(?![A-Za-z0-9]))?"
    r"(?:\s*(?P<percent>%|percent\b|per cent\b|percentage(?: points?)?\b|pct\b))?",
)
_PLAIN = re.compile(r"\$?(-?)\$?([0-9]{1,18}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,5})\.?")
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}

_LEAD = re.compile(
    r"(?:(?:is|are|was|equal to|equals?|approximately|about|around|roughly|exactly|only|just|now|currently|still"
    r"|nearly|a total of|total of)\s+"
    r"|[≈=~:>]\s*|\$(?=[-+(\s\\A-Za-z=]))*",
    re.IGNORECASE,
)
_WRAPPED = re.compile(r"\(([^(),]*)\)\s*[^\W\d_a-zA-Z]{0,3}[.\s]*")
_CLOSING = re.compile(r"[\s.,;:!?)\]'\"$。！]*")
_REASON = re.compile(
    r"[,;]?\s+(?:because|since|as|which|so|given|if|where|when|who|while|but|making|based|due|not|rather"
    r"|instead)\b.*"
    r"|\s[-]{1,3}\s+[A-Za-z].*",
    re.DOTALL | re.I,
)
_CLAUSE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|would|can|could|makes?|gives?|therefore|thus|hence|so|then|because"
    r"|since"
    r"|and (?:each|every|the|he|she|it|they))\b",
    re.I,
)
_MOST_WORDS = 10
_GLUED = re.compile(r"[^\W\d_]+")
# (a+b) behind a number is a factor, not a remark
_REMARK = re.compile(r"\s+\((?!(?=[^()]*[A-Za-z])\s*\w{1,3}(?:\s*[-+*/^]\s*\w{1,3})+\s*\))[^()]*\)|\s+\[[^\[\]]*\]")
_COMPOUND = re.compile(
    r"(?:\b(?:and|or|to|plus|minus|versus|vs)\b|[,&+*=<>^|~]|\s-)\s*[$(]?[-+]?\.?[0-9]"
    r"|\bbelow (?:zero|sea)\b|\bin debt\b",
    re.I,
)
_ADJACENT = re.compile(r"\s*[A-Za-z]+[\s.,]+[$(]?[-+]?\.?[0-9]")
_OPERATOR_WORD = re.compile(
    r"\s*(?:plus|minus|times|divided|multiplied|over|less|more|modulo|mod|squared|cubed)\b\s*(?:by"
    r"|than)?\s*(?:[0-9]|[A-Za-z]\b|\\)|\s*(?:squared|cubed)\b",
    re.I,
)
# `3π cm`, `3√2` and `5θ` are more than their 3 and 5; a micrometre and a Greek word are units
_FACTOR = re.compile(r"\s*[*]?\s*(?:[√∛∞]|(?!μ[A-Za-z]|Ω)[α-ωΑ-Ω](?![α-ωΑ-Ωά-ώ])|(?:pi|sqrt|root|infinity)\b)", re.I)
_UNIT_START = re.compile(
    r"(?:\s*[-/]?\s*(?:[^\W\d_]{2,}|[^\W\d_a-zA-Z]|[\"'](?!\w)|°[CFK]?\b"
    r"|[mgshlLKCFWVJNA]\b(?!\s*[*^+=(]?\s*[0-9A-Za-z]\b)|a(?=\s[a-z]{2})|[µΩ]\w{0,2})|\s*[$€£¥₹]"
    r"|\s*/\s*[a-z]\b|\s*°)"
)
_UNIT_POWER = re.compile(
    r"(?:(?<=[A-Za-z][A-Za-z])|(?<=[^A-Za-z]m)|(?<=^m))\s?\^\s*\{?-?[0-9]\}?(?![0-9])|(?<=\b[cdkm]m)[23]\b|(?<=\bm)[23]\b"
)
_CLAUSE_NUMBER = re.compile(
    r"\b(?:in|for|after|per|within|over|during|every|each|at|by|of|from|on|with|than|before|into|until|the"
    r"|these|those|all|other|first|last)\s+(?:(?!(?:cost|is|are|was|make|give|equal)s?\b)\w+\s+){0,2}?[$]?[0-9][0-9,.]*\b(?!\s*[-+*/=^])",
    re.I,
)
_ASIDE = re.compile(r",\s+(?:which (?:is|are|was)|i\.e\.|that is|namely|meaning)[\s,].*", re.I | re.DOTALL)
_WHEN = re.compile(
    r"\b(?:in|for|after|within|over|during|every|each|with)\s+(?:(?:the|all|of|his|her|their|its|an?)\s+)?(?:(?:first|last|next|remaining)\s+)?"
    r"[0-9][0-9,.]*\s+(?=[A-Za-z]{2})",
    re.I,
)
_NEGATION = re.compile(r"\b(?:not|never|cannot|neither|nor|unknown|unclear|undefined)\b|n't\b", re.I)
_NOT_A_NAME = re.compile(
    r"[<>!;≤≥≠]|\\(?!angle)|\b[A-Za-z]{2,}\(|[0-9)][A-Za-z]\b|[-+*/^]\s*[A-Za-z]\b|\b[A-Za-z]\s*[-+*/^]"
)
_HYPHENED = re.compile(r"\b[A-Za-z]+-[A-Za-z]{2,}")
_SEVERAL_EQUATIONS = re.compile(r"\bor\b|\band\s+\W?[A-Za-z]\s*$", re.IGNORECASE)
_LETTERS = re.compile(r"(?:^|[\s$(])[A-Za-z](?:\s*[-+*/]\s*[A-Za-z])+\s*$")
_COPULA = re.compile(
    r"(?<!who )(?<!which )\b(?:is|are|was|were|equals|be|becomes|costs?|has|have|makes?|gets?|earns?|needs?|pays?"
    r"|spent|spends|left with)\s(?!to\s)(?!.*\b(?:is|are|was|were|equals)\s)|是(?!.*是)",
    re.I,
)
_TOTAL = re.compile(r"\btotal of\s(?!.*\btotal of\s)", re.I)
_BOUND = re.compile(
    r"[<>≤≥±]|\+/-|\b(?:less|more|fewer|greater) than\s+\W{0,3}(?:[0-9]|[a-z]\b|(?:one|two|three|four|five|six|seven"
    r"|eight|nine|ten|half|zero)\b)|\b(?:up to|below|above)\b",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(r"\bor (?:more|less|fewer|higher|lower)\b", re.IGNORECASE)
_DIGIT = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number.

    Attributes:
        value: A fraction; or, for a decimal of more than 1,000 digits or places, its digits and exponent as text.
        percent: Whether a percent sign stood behind it; `value` is the figure before the sign.
    """

    value: Fraction | str
    percent: bool = False

    @property
    def text(self) -> str:
        """The shortest exact way to write it: `18`, `-0.5`, `1/3`, `50%`."""
        return _written(self.value) + ("%" if self.percent else "")


def same_number(left: Number, right: Number, rules: Rules) -> bool:
    """Whether two numbers are equal under the percent rule and the tolerance."""
    first, second = left.value, right.value
    if isinstance(first, str) or isinstance(second, str):
        return left == right
    if left.percent == right.percent:
        return close(first, second, rules)
    if rules.percent != "fraction" and close(first, second, rules):
        return True
    if rules.percent == "face":
        return False
    return close(first / 100 if left.percent else first, second / 100 if right.percent else second, rules)


def read_number(text: str, *, prose: bool = False) -> Number | None:
    """Reads the one number that a short text states.

    Args:
        text: A final answer; with `prose`, a sentence that states it.
        prose: Whether the number may stand inside a sentence, if it is the only one there.

    Returns:
        The number, or `None` where the text states none, more than one, or something that is more than a number.
    """
    quick = _PLAIN.fullmatch(text)
    if quick is not None:
        return Number(Fraction(int(quick[1] + quick[2].replace(",", ""))))
    if len(text) > _LONGEST:
        return None
    return _read_short(text, prose) if len(text) <= _SHORT else _read(text, prose)


@lru_cache(maxsize=4096)
def _read_short(text: str, prose: bool) -> Number | None:
    # the chains of a question end in the same few answers, and one text is read by several rules
    return _read(text, prose)


def _read(text: str, prose: bool) -> Number | None:
    text = _ASIDE.sub("", undress(text)) if prose else undress(text)
    wrapped = _WRAPPED.fullmatch(text)
    text = wrapped[1] if wrapped else text
    start = _LEAD.match(text)
    position = start.end() if start else 0
    found = _number_at(text, position)
    if found is not None and _ends(text[found[1] :], prose) and not _AT_LEAST.search(text):
        return found[0]
    if "=" in text:
        return _read_equation(text, prose)
    if not prose or found is not None:
        return None
    text = main_clause(text)
    stated = _TOTAL.search(text) or _COPULA.search(text)
    if stated is not None:
        after = _read(text[stated.end() :], False)
        if after is not None and not _NEGATION.search(text):
            return after
    return _only_number(text)


def _read_equation(text: str, prose: bool) -> Number | None:
    head, _, tail = text.rpartition("=")
    if (
        ", " in head
        or _SEVERAL_EQUATIONS.search(head)
        or not tail.strip()
        or (_NOT_A_NAME.search(_HYPHENED.sub("it", head)) and not (prose and _LETTERS.search(head)))
    ):
        return None
    return _read(tail, prose)


def _number_at(text: str, position: int) -> tuple[Number, int] | None:
    match = _TOKEN.match(text, position)
    if match is not None:
        number = _value(match)
        return None if number is None else (number, match.end())
    return _numeral_at(text, position)


def _numeral_at(text: str, position: int) -> tuple[Number, int] | None:
    match = NUMERAL.match(text, position)
    chinese = None if match is not None or text.isascii() else CHINESE.match(text, position)
    if match is not None:
        value = numeral_value(match[0])
    elif chinese is not None:
        match, value = chinese, chinese_value(chinese[0])
    else:
        return None
    if value is None:
        return None
    percent = re.compile(r"\s*(?:%|percent\b|per cent\b|pct\b)").match(text, match.end())
    return Number(value, percent is not None), percent.end() if percent else match.end()


def _value(match: re.Match[str]) -> Number | None:
    negative = (match["sign"] or "+") not in "+"
    if match["inner"]:
        if match["sign"]:
            return None
        negative = match["inner"] == "-"
    value = decimal_value(match["literal"], int_or_none(match["exponent"] or match["power"] or "0"))
    if value is None:
        return None
    if isinstance(value, Fraction):
        under = decimal_value(match["under"], 0) if match["under"] else None
        if match["under"]:
            if not isinstance(under, Fraction) or not under:
                return None
            value /= under
        if match["top"]:
            part = _proper(match["top"], match["bottom"])
            if part is None or "." in match["literal"]:
                return None
            value += part
        if match["scale"] or match["kilo"]:
            value *= 10 ** (3 if match["kilo"] else _SCALES[match["scale"]])
        return Number(-value if negative else value, bool(match["percent"]))
    return Number("-" + value if negative else value, bool(match["percent"])) if not match["under"] else None


def _proper(top: str, bottom: str) -> Fraction | None:
    if len(top) + len(bottom) > 40 or int(bottom) == 0 or int(top) >= int(bottom):
        return None
    return Fraction(int(top), int(bottom))


def int_or_none(digits: str) -> int | None:
    """The integer, or `None` where it has too many digits to be an exponent."""
    return int(digits) if len(digits) <= 12 else None


def decimal_value(literal: str, exponent: int | None) -> Fraction | str | None:
    """Exact value of a decimal literal; beyond 1,000 digits or places a text that is equal for equal numbers."""
    if exponent is None or len(literal) > _MOST_DIGITS * 2:
        return None
    if _COMMA_DECIMAL.fullmatch(literal):
        literal = literal.replace(",", ".")
    whole, _, decimals = literal.replace(",", "").replace(" ", "").replace("_", "").replace("'", "").partition(".")
    digits = (whole + decimals).lstrip("0")
    if not digits:
        return Fraction(0)
    exponent -= len(decimals)
    if len(digits) + abs(exponent) <= _MOST_EXPONENT:
        value = int(digits)
        return Fraction(value * 10**exponent) if exponent >= 0 else Fraction(value, 10**-exponent)
    significant = digits.rstrip("0")
    return f"{significant}e{exponent + len(digits) - len(significant)}"


def _ends(rest: str, prose: bool) -> bool:
    """Whether what follows a number leaves it a number: nothing, a unit, a remark, or where and when it holds."""
    if not rest or _CLOSING.fullmatch(rest):
        return prose or "!" not in rest
    if _FACTOR.match(rest):
        return False
    rest = _REMARK.sub("", _REASON.sub("", rest) if prose else rest) or " "
    if rest[0] in "/^*+=<>|\\_" or _ADJACENT.match(rest) or _OPERATOR_WORD.match(rest):
        return rest[0] == "/" and _UNIT_START.match(rest) is not None and not _DIGIT.search(rest)
    glued = _GLUED.match(rest)
    if glued is not None and not is_unit(glued[0]):
        return False
    if not prose and (_CLAUSE.search(rest) or rest.count(" ") > _MOST_WORDS):
        return False
    if _CLOSING.fullmatch(rest):
        return True
    rest = _UNIT_POWER.sub("", rest)
    if not _UNIT_START.match(rest) and rest[0] not in ",;.!":
        return False
    if "\\" in rest or "=" in rest or _COMPOUND.search(rest):
        return False
    return not _DIGIT.search(_CLAUSE_NUMBER.sub("", rest))


def _only_number(text: str) -> Number | None:
    if _NEGATION.search(text) or _BOUND.search(text):
        return None
    text = _REASON.sub("", _REMARK.sub("", text))
    return _one_number(text) or _one_number(_WHEN.sub(" ", text))


def _one_number(text: str) -> Number | None:
    found: set[Number] = set()
    ends: list[bool] = []
    position = 0
    while position < len(text):
        match = _TOKEN.search(text, position)
        if match is None:
            break
        number = _value(match)
        start = match.end() - len(match[0].lstrip())
        before = text[start - 1 : start] if start else ""
        if number is None or (before.isascii() and before.isalnum()) or before in {"_", "^", "/", "."}:
            return None
        found.add(number)
        ends.append(_ends(text[match.end() :], True))
        position = max(match.end(), position + 1)
    return found.pop() if len(found) == 1 and all(ends) else None


@lru_cache(maxsize=4096)
def _written(value: Fraction | str) -> str:
    if isinstance(value, str):
        return value
    if value.denominator == 1:
        return str(value.numerator)
    places = decimal_places(value)
    if places is None or places > 30:
        return f"{value.numerator}/{value.denominator}"
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return ("-" if value < 0 else "") + f"{digits[:-places]}.{digits[-places:]}"


def is_writable(value: Fraction) -> bool:
    """Whether a number has few enough digits to be written out: Python refuses to turn very long ones into text."""
    return max(value.numerator.bit_length(), value.denominator.bit_length()) <= _MOST_BITS
