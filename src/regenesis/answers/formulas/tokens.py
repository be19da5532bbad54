r"""Cuts a formula, in LaTeX or as typed, into tokens. Nothing here can run code; every limit is in sight.

[token.text for token in tokens_of(r"\frac{1}{2}x")]  # ["\\frac", "{", "1", "}", "{", "2", "}", "x"]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from regenesis.answers.characters import names, plain
from regenesis.answers.units import is_unit

LONGEST_FORMULA = 1_500
MOST_TOKENS = 600


class Unreadable(Exception):
    """The text is not a formula that this package reads; never leaves the package."""


@dataclass(frozen=True, slots=True)
class Token:
    r"""One token: a number, a name (a letter, a known word, or a command), words inside `\text{}`, or a sign."""

    kind: Literal["number", "name", "words", "sign", "end"]
    text: str
    glued: bool = True


END = Token("end", "")

_SYMBOLS = {
    "π": "\\pi ", "√": "\\sqrt ", "∞": "\\infty ", "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "≤": "<=", "≥": ">=",
    "⩽": "<=", "⩾": ">=", "≠": "!=", "∅": "\\emptyset ", "≈": "\\approx ", "±": "\\pm ", "ℝ": "\\mathbb{R}",
    "ℤ": "\\mathbb{Z}", "ℕ": "\\mathbb{N}", "ℚ": "\\mathbb{Q}", "∖": "\\setminus ", "⟨": "\\langle ", "⟩": "\\rangle ",
    "α": "\\alpha ", "β": "\\beta ", "γ": "\\gamma ", "δ": "\\delta ", "θ": "\\theta ", "λ": "\\lambda ", "μ": "\\mu ",
    "σ": "\\sigma ", "φ": "\\phi ", "ω": "\\omega ", "°": "\\degree ", "∨": "\\lor ", "∛": "\\sqrt[3] ", "∧": "\\land ",
}  # fmt: skip
_SYMBOL = re.compile("|".join(_SYMBOLS))
_ALIASES = {
    "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "leq": "<=", "le": "<=", "leqslant": "<=", "geq": ">=",
    "ge": ">=", "geqslant": ">=", "lt": "<", "gt": ">", "neq": "!=", "ne": "!=", "times": "*", "cdot": "*", "ast": "*",
    "div": "/", "lor": "or", "vee": "or", "land": "and", "wedge": "and", "varnothing": "emptyset", "circ": "degree",
    "arctan": "atan", "arcsin": "asin", "arccos": "acos", "dbinom": "binom", "tbinom": "binom", "lbrace": "\\{",
    "rbrace": "\\}", "lvert": "|", "rvert": "|", "vert": "|", "mid": "mid", "backslash": "setminus", "equiv": "equiv",
    "varphi": "phi", "varepsilon": "epsilon", "overline": "overline", "bar": "overline", "dots": "...", "ldots": "...",
    "cdots": "...", "dotsc": "...", "dotsb": "...", "percent": "%", "lbrack": "[", "rbrack": "]", "lparen": "(",
    "rparen": ")", "colon": ":", "implies": "=>", "Rightarrow": "=>", "to": "=>", "rightarrow": "=>", "cong": "approx",
    "simeq": "approx", "sim": "approx", "textdegree": "degree",
}  # fmt: skip
_SIGN_ALIASES = names("<= >= < > != * / | \\{ \\} ... % [ ] ( ) : =>")
_SILENT = names(
    "left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr displaystyle textstyle limits quad qquad "
    "thinspace medspace enspace space hfill rm bf it mathstrut nolimits"
)
_WORD_COMMANDS = names("text textbf textit textrm textsf texttt textnormal mbox hbox emph")
_STYLES = names("mathrm mathbf mathit mathsf mathcal boldsymbol bm operatorname boxed fbox")
_WORDS = names(
    "sin cos tan cot sec csc sinh cosh tanh asin acos atan arcsin arccos arctan ln log exp sqrt pi infinity "
    "infty oo and or in max min gcd lcm abs floor ceil"
)
_WORD_ALIASES = {
    "infinity": "infty",
    "oo": "infty",
    "inf": "infty",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
}
_TOKEN = re.compile(
    r"\\(?P<command>[A-Za-z]+)|\\(?P<escaped>.)|(?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)|(?P<letters>[A-Za-z]+)"
    r"|(?P<sign>\*\*|<=|>=|!=|==|=>|->|\.\.\.|[^\s])|(?P<space>\s+)",
    re.DOTALL,
)
_GROUPED = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])")
_SPACED_COMMA = re.compile(r"(?<=[0-9])(?:\{\s*,\s*\}|,\s*\\!|\\!\s*,|\s\{\s*,\s*\})\s*(?=[0-9])")
_THIN_GROUP = re.compile(r"(?<=[0-9])(?:\\[,;: !]|(?<=[0-9])~)(?=[0-9]{3}(?![0-9]))")
_TYPED_SPACE = re.compile(r"(?<![0-9.,])([1-9][0-9]{0,2})((?: [0-9]{3})+)(?![0-9/])")
_UPRIGHT = re.compile(r"\{\s*(~?)\s*([A-Za-z]+)\s*\}")
_OUTWARD_START = re.compile(r"((?:^|\\cup|\\in)\s*)\]([^\[\]()]*,[^\[\]()]*[\[\]])")
_OUTWARD_END = re.compile(r"([(\[][^\[\]()]*,[^\[\]()]*)\[(?=\s*(?:$|\\cup))")
_ENDING = re.compile(r"(?<!\.)[.,;:]+\s*$")
_DOUBLED = re.compile(
    r"(?<!\\)\\\\(?=(?:[dtc]?frac|sqrt|begin|end|left|right|pi|cdot|times|text|pm"
    r"|infty)(?![A-Za-z]))"
)
_DELIMITERS = re.compile(r"\\[()\[\]]|(?<!\\)\$+|\\\$|[€£]|\\!")


def tokens_of(text: str) -> list[Token]:
    """Tokens of a formula.

    Raises:
        Unreadable: The text is too long or holds too many tokens.
    """
    if len(text) > LONGEST_FORMULA:
        raise Unreadable("too long")
    text = _DOUBLED.sub(r"\\", text.rstrip("\\ "))
    text = _SYMBOL.sub(lambda match: _SYMBOLS[match[0]], plain(text))
    text = _THIN_GROUP.sub("", _SPACED_COMMA.sub("", text))
    text = _ENDING.sub("", _DELIMITERS.sub("", text).strip())
    if not any(bracket in text for bracket in "([{"):
        text = _GROUPED.sub(lambda match: match[0].replace(",", ""), text)
        text = _TYPED_SPACE.sub(lambda match: match[0].replace(" ", ""), text)
    text = _OUTWARD_END.sub(r"\1)", _OUTWARD_START.sub(r"\1(\2", text))
    if text.endswith("}") and text.count("}") > text.count("{"):
        text = text[:-1]
    tokens = list(_tokens(text))
    if len(tokens) > MOST_TOKENS:
        raise Unreadable("too many tokens")
    return tokens


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    position, glued = 0, True
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise Unreadable(text[position])
        position = match.end()
        if match["space"] is not None:
            glued = False
            continue
        if match["command"] is not None:
            position = _command(text, position, match["command"], glued, tokens)
        elif match["escaped"] is not None:
            _escaped(match["escaped"], tokens)
        elif match["number"] is not None:
            tokens.append(Token("number", match["number"], glued))
        elif match["letters"] is not None:
            tokens.extend(_names(match["letters"], glued))
        else:
            tokens.append(Token("sign", {"**": "^", "==": "=", "->": "=>"}.get(match["sign"], match["sign"]), glued))
        glued = True
    return tokens


def _command(text: str, position: int, name: str, glued: bool, tokens: list[Token]) -> int:
    if name in _WORD_COMMANDS:
        opened = re.compile(r"\s*\{([^{}]*)\}").match(text, position)
        if opened is None:
            raise Unreadable(name)
        _words(opened[1], tokens)
        return opened.end()
    if name in _SILENT:
        following = text[position : position + 1]
        return position + 1 if name in ("left", "right") and following == "." else position
    if name in _STYLES:
        upright = _UPRIGHT.match(text, position)
        if upright is None:
            return position
        if upright[2].lower() in _WORDS:
            tokens.extend(_names(upright[2], glued))
        elif name == "mathrm" and (upright[1] or _is_long_unit(upright[2])):
            tokens.append(Token("words", upright[2]))
        else:
            return position
        return upright.end()
    if name == "begin":
        opened = re.compile(r"\{([a-zA-Z]*matrix|array)\*?\}(?:\{[^{}]*\})?").match(text, position)
        if opened is None:
            raise Unreadable(name)
        tokens.append(Token("name", "begin"))
        return opened.end()
    if name == "end":
        closed = re.compile(r"\{[a-zA-Z]*\*?\}").match(text, position)
        tokens.append(Token("name", "end"))
        return closed.end() if closed else position
    name = _ALIASES.get(name, name)
    tokens.append(Token("sign" if name in _SIGN_ALIASES else "name", name, glued))
    return position


# behind a space no product of letters: `3\\pi cm`
_MEASURES = frozenset({"mm", "cm", "dm", "km", "kg", "mg", "ft", "yd", "lb", "lbs", "mL", "kJ", "kN", "Hz", "kHz"})


def _is_long_unit(word: str) -> bool:
    """A unit of two letters or more; one letter set upright may as well be a constant."""
    return len(word) > 1 and word.lower() == word and is_unit(word)


def _words(words: str, tokens: list[Token]) -> None:
    stripped = words.strip(" .,~")
    if stripped in ("and", "or", "in"):
        tokens.append(Token("name", stripped))
    elif re.fullmatch(r"[0-9.]+|[A-Za-z]", stripped) and not (words[:1] in " ~" and tokens and is_unit(stripped)):
        tokens.append(Token("number" if stripped[0] in "0123456789." else "name", stripped))
    elif stripped:
        tokens.append(Token("words", stripped))


def _escaped(sign: str, tokens: list[Token]) -> None:
    if sign in "{}":
        tokens.append(Token("sign", "\\" + sign))
    elif sign in "%|_":
        tokens.append(Token("sign", sign))
    elif sign == "\\":
        tokens.append(Token("sign", "\\\\"))
    elif sign not in " ,;:!>\n\t":
        raise Unreadable(sign)


def _names(letters: str, glued: bool) -> list[Token]:
    """A known word is one name, everything else a product of letters; `xsin` is x and sin."""
    lowered = letters.lower()
    if lowered in _WORDS or lowered in _WORD_ALIASES:
        return [Token("name", _WORD_ALIASES.get(lowered, lowered), glued)]
    for word in ("sqrt", "sin", "cos", "tan", "log", "ln", "pi"):
        head, found, tail = letters.partition(word)
        if found and len(head) <= 2 and len(tail) <= 1:
            return [*_names(head, glued), Token("name", word), *_names(tail, True)] if head or tail else []
    if len(letters) > 3 or (letters in _MEASURES and not glued):
        return [Token("words", letters, glued)]
    return [Token("name", letter, glued or index > 0) for index, letter in enumerate(letters)]
