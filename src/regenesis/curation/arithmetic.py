r"""Arithmetic as people write it in running text: numbers with units, percentages, fractions, operators.

    tokens = tokens_of(plain(r"\frac{6}{12} \times 50\% of 8 eggs"))
    expression, end = parse(tokens, 0)
    value(expression, READINGS[0])                                # 2

Everything is exact and bounded: what is not plainly arithmetic on numbers is unreadable, and no power grows for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple

from regenesis.answers.characters import names

_LONGEST_NUMBER = 24
_LARGEST_EXPONENT = 64
_MOST_UNIT_WORDS = 6
_DEEPEST = 12
_MOST_TERMS = 60
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9, "trillion": 10**12} | {
    "pair": 2, "pairs": 2, "dozen": 12, "dozens": 12
}  # fmt: skip
MATHEMATICAL_WORDS = names(
    "of twice half double triple thrice quarter third square squared cube cubed root sqrt log ln sin cos tan sum "
    "difference product average mean median between from to by than mod modulo base ratio times page pages ages"
)
"""Words that do something to the number beside them: next to one, an expression is not whole."""
_NEVER_UNITS = MATHEMATICAL_WORDS | names(
    "and or but so then while which that where when because since as if is are was were has have gives"
)
"""Words that begin something else, which no unit holds."""

_REWRITTEN: Sequence[tuple[Sequence[str], re.Pattern[str], str]] = [
    (needed, re.compile(pattern), by)
    for needed, pattern, by in (
        (["\\\\"], r"\\\\(?:\[[^\]]*\])?", "\n"),
        (["\\", "&"], r"\\(?:left|right|big|Big|displaystyle|quad|qquad|,|;|!|:| )(?![a-zA-Z])|&", " "),
        (["\\", "$$"], r"\\[()\[\]]|\$\$", " "),
        (["\\"], r"\\(?:text|textbf|textit|mathrm|mathbf|mbox|operatorname|underline)\s*\{([^{}]*)\}", r" \1 "),
        (["{,}"], r"\{,\}", ","),
        (["frac"], r"(\d)\s*\\[dt]?frac\s*\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}", r"\1 \2/\3"),
        *(
            ([sign], sign, f" {fraction}")
            for sign, fraction in zip("½⅓⅔¼¾", ("1/2", "1/3", "2/3", "1/4", "3/4"), strict=True)
        ),
        (["\\times", "\\cdot", "\\ast"], r"\\(?:times|cdot|ast)(?![a-zA-Z])", " * "),
        (["×", "·", "∙", "⋅"], r"[×·∙⋅]", " * "),
        (["times"], r"\btimes\b", " * "),
        (["multiplied by"], r"\bmultiplied by\b", " * "),
        (["\\div"], r"\\div(?![a-zA-Z])", " / "),
        (["÷", "∕"], r"[÷∕]", " / "),
        (["divided by"], r"\bdivided by\b", " / "),
        (["−", "–"], r"[−–]", "-"),
        (["minus"], r"\bminus\b", "-"),
        (["plus"], r"\bplus\b", "+"),
        (["\\approx", "\\sim", "≃", "≅"], r"\\(?:approx|simeq|sim)(?![a-zA-Z])|[≃≅]", "≈"),
        (["\\ne", "!=", "=/=", "=\\/="], r"\\neq?(?![a-zA-Z])|!=|=\\?/=", "≠"),
        (["\\l", "<="], r"\\(?:leq?|lt)(?![a-zA-Z])|<=", "≤"),
        (["\\g", ">="], r"\\(?:geq?|gt)(?![a-zA-Z])|>=", "≥"),
        (["=>", "->"], r"[=-]+>", "; "),
        (["\\to", "\\imp", "\\R", "\\r"], r"\\(?:to|implies|Rightarrow|rightarrow)(?![a-zA-Z])", "; "),
        (["⇒", "→"], r"[⇒→]", "; "),
        (["==", ":=", "+=", "*=", "/=", "-="], r"==|[:+*/-]=", "≠"),  # signs of programs, which state nothing
        (["²"], r"²", "^2"),
        (["³"], r"³", "^3"),
        (["^"], r"\^\s*\{\s*(-?\d+)\s*\}", r"^\1"),
        (["**"], r"(?<=\d)\s?\*\*\s?(?=\d)", "^"),
        (["**", "__", "`"], r"\*\*|__|`", ""),
        (["x", "X"], r"(?<=\d)\s*[xX]\s*(?=\$?[\d.])", " * "),
        (["\\"], r"\\([%$#])", r"\1"),
    )
]
"""What is written anew, in this order, each with the pieces of which a text holds one wherever its pattern matches."""
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")

_TOKEN = re.compile(
    r"(?P<word>[^\W\d_]\w*(?:['’-][^\W\d_]\w*)*)|(?P<gap>[\s$€£¥₹¢~]+)"
    r"|(?P<unreadable>\d+(?:[:.]\d+){2,}|\d+:\d+|\d+(?:st|nd|rd|th)\b|\d*\\[a-zA-Z]+|_)"
    r"|(?P<mixed>\d+[ ]+\d+/\d+)(?![\d.^])"
    r"|(?P<fraction>\d+/\d+)(?![\d.,]*[\d^/])(?=[\s)%\]=≈.,;:?!+*-]|$)"
    r"|(?P<number>(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?|\.\d+)(?P<glued>[^\W\d_]+)?"
    r"|(?P<operator>//|[-+*/^])|(?P<open>[(\[])|(?P<close>[)\]])|(?P<percent>%)|(?P<relation>[=≈])"
    r"|(?P<mark>[\"'″′°])|(?P<stop>.)",
    re.DOTALL,
)
_GLUED_UNITS = names("cm mm km kg mg ml ft in yd mi lb lbs oz kB MB GB mph hr hrs min mins sec")

Kind = Literal["number", "word", "operator", "open", "close", "relation", "unreadable", "stop"]


class Number(NamedTuple):
    """A number as written: its value, the decimals shown, whether it is a fraction, and what may be applied to it."""

    value: Fraction
    decimals: int = 0
    divided: bool = False
    percent: bool = False
    scale: int = 1


class Token(NamedTuple):
    """A piece of a sentence; `spaced` says whether white space comes before it."""

    kind: Kind
    text: str
    spaced: bool = False
    number: Number | None = None


class Operation(NamedTuple):
    """An operator and its operands; of one operand it is the sign."""

    operator: str
    operands: tuple[Expression, ...]


Expression = Number | Operation


class Reading(NamedTuple):
    """How what is written in one way and meant in another is taken."""

    percent_divides: bool = True
    percent_of_left: bool = False
    scaled: bool = True


READINGS = (Reading(), Reading(percent_of_left=True), Reading(percent_divides=False), Reading(scaled=False))


def plain(text: str) -> str:
    """The text with LaTeX and its like replaced by signs that can be typed."""
    for needed, pattern, by in _REWRITTEN:
        for piece in needed:  # most are in few texts, and looking for them costs next to nothing
            if piece in text:
                text = pattern.sub(by, text)
                break
    for _ in range(_DEEPEST if "frac" in text else 0):
        inlined = _FRACTION.sub(r"((\1)/(\2))", text)
        if inlined == text:
            break
        text = inlined
    return text.replace("{", "").replace("}", "")


def tokens_of(text: str) -> list[Token]:
    """The tokens of a `plain` text."""
    tokens: list[Token] = []
    spaced = False
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "stop"
        if kind == "gap":
            spaced = True
            continue
        if kind == "percent":
            _take_percent(tokens)
            spaced = False
            continue
        tokens += _read(found, kind, spaced)
        spaced = False
    return tokens


def _read(found: re.Match[str], kind: str, spaced: bool) -> Sequence[Token]:
    text = found[0]
    if kind in ("number", "glued", "mixed", "fraction"):
        glued = found["glued"]
        digits = found["number"] if glued else text
        if len(digits) > _LONGEST_NUMBER or (glued and glued not in _GLUED_UNITS):
            return (Token("unreadable", text, spaced),)
        number = Token("number", digits, spaced, _number(digits))
        return (number, Token("word", glued)) if glued else (number,)
    if kind == "word":
        # a single letter is a name, and so is a letter with a digit
        is_word = len(text) > 1 or text in "aAI"
        name = not is_word or not text.replace("'", "").replace("-", "").isalpha()
        return (Token("unreadable" if name else "word", text.casefold(), spaced),)
    return (Token("word" if kind == "mark" else kind, text, spaced),)  # type: ignore[arg-type]


@lru_cache(maxsize=1024)
def _number(digits: str) -> Number | None:
    if digits.isdecimal():
        return Number(Fraction(int(digits)))
    whole, _, fraction = digits.rpartition(" ")
    top, slash, bottom = fraction.partition("/")
    if slash:
        return Number(int(whole or 0) + Fraction(int(top), int(bottom)), divided=not whole) if int(bottom) else None
    digits = digits.replace(",", "")
    return Number(Fraction(digits if digits[0] != "." else f"0{digits}"), len(digits.partition(".")[2]))


def _take_percent(tokens: list[Token]) -> None:
    if tokens and (last := tokens[-1]).number is not None:
        tokens[-1] = Token("number", last.text, last.spaced, last.number._replace(percent=True))
    else:
        tokens.append(Token("word", "%"))


def parse(tokens: Sequence[Token], start: int) -> tuple[Expression, int] | None:
    """The longest expression that starts at a token, and where it ends, units included; `None` if none does."""
    try:
        parser = _Parser(tokens, start)
        return parser.sum(), parser.place
    except _Unreadable:
        return None


class _Unreadable(Exception):
    """There is no expression here."""


class _Parser:
    def __init__(self, tokens: Sequence[Token], place: int) -> None:
        self._tokens = tokens
        self.place = place
        self._depth = 0
        self._terms = 0

    def sum(self) -> Expression:
        return self._chain(("+", "-"), self._product)

    def _chain(self, operators: Sequence[str], operand: Callable[[], Expression]) -> Expression:
        result: Expression = operand()
        while (operator := self._operator(operators)) is not None:
            self._terms += 1
            if self._terms > _MOST_TERMS:
                raise _Unreadable
            before = self.place
            self.place += operator != "*" or self._at(0).kind in ("operator", "word")
            try:
                right = operand()
            except _Unreadable:
                self.place = before
                break
            result = Operation(operator, (result, right))
        return result

    def _operator(self, operators: Sequence[str]) -> str | None:
        token = self._at(0)
        if token.kind == "operator" and token.text in operators:
            return token.text
        if "*" not in operators:
            return None
        # "20 % of 50", "1/2 of 8", and a bracket right behind a number or another bracket
        if token.text == "of" and self._is_share(self._at(-1)) and self._at(1).kind in ("number", "open"):
            return "*"
        return "*" if token.kind == "open" and not token.spaced and self._at(-1).kind in ("number", "close") else None

    @staticmethod
    def _is_share(token: Token) -> bool:
        return token.number is not None and (token.number.percent or "/" in token.text)

    def _product(self) -> Expression:
        return self._chain(("*", "/", "//"), self._signed)

    def _signed(self) -> Expression:
        return self._with_sign(self._power)

    def _with_sign(self, of: Callable[[], Expression]) -> Expression:
        sign = self._at(0).text
        if sign not in ("+", "-"):
            return of()
        self.place += 1
        return of() if sign == "+" else Operation("-", (of(),))

    def _power(self) -> Expression:
        base = self._operand()
        if self._at(0).text != "^":
            return base
        self.place += 1
        return Operation("^", (base, self._with_sign(self._operand)))

    def _operand(self) -> Expression:
        token = self._at(0)
        self.place += 1
        if token.number is not None:
            number = token.number
            if self._at(0).text in _SCALES:
                number = number._replace(scale=_SCALES[self._at(0).text])
                self.place += 1
            self._skip_unit()
            return number
        if token.kind != "open" or self._depth >= _DEEPEST:
            raise _Unreadable
        self._depth += 1
        inner = self.sum()
        self._depth -= 1
        if self._at(0).kind != "close":
            raise _Unreadable
        self.place += 1
        self._skip_unit()
        return inner

    def _skip_unit(self) -> None:
        """Goes past "eggs per day" or "miles/hour" where an operator, a bracket or the end comes behind it."""
        place = self.place
        for _ in range(_MOST_UNIT_WORDS):
            token = self._peek(place)
            if token.text == "/" and self._peek(place + 1).kind == "word":
                place += 2
            elif token.kind == "word" and token.text not in _NEVER_UNITS:
                place += 1
            else:
                break
        if self._peek(place).kind in ("operator", "close", "relation", "stop"):
            self.place = place

    def _at(self, offset: int) -> Token:
        return self._peek(self.place + offset)

    def _peek(self, place: int) -> Token:
        return self._tokens[place] if 0 <= place < len(self._tokens) else _END


_END = Token("stop", "")


def value(expression: Expression, reading: Reading, meant: Mapping[Number, Fraction] | None = None) -> Fraction | None:
    """The value of an expression, `None` where it has none or grows without end.

    Args:
        expression: The expression.
        reading: How percentages and scales are taken.
        meant: What rounded numbers stand for.
    """
    if isinstance(expression, Number):
        return _value_of_number(expression, reading, meant or {})
    operands = [value(operand, reading, meant) for operand in expression.operands]
    left, right = operands[0], operands[-1]
    if left is None or right is None:
        return None
    if len(operands) == 1:
        return -left
    share = expression.operands[1]
    if reading.percent_of_left and expression.operator in "+-" and isinstance(share, Number) and share.percent:
        right *= left
    return _applied(expression.operator, left, right)


def _value_of_number(number: Number, reading: Reading, meant: Mapping[Number, Fraction]) -> Fraction:
    exact = meant.get(number, number.value)
    exact = exact / 100 if number.percent and reading.percent_divides else exact
    return exact * number.scale if reading.scaled else exact


def _applied(operator: str, left: Fraction, right: Fraction) -> Fraction | None:
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if operator == "^":
        whole = right.denominator == 1 and abs(right) <= _LARGEST_EXPONENT and (left or right > 0)
        small = left.numerator.bit_length() + left.denominator.bit_length() <= 64
        return left ** int(right) if whole and small else None
    if not right:
        return None
    return Fraction(left // right) if operator == "//" else left / right
