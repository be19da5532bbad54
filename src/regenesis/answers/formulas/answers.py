r"""Reads a final answer that is a formula, and compares it with another.

read_formula("the interval $[-3, 2]$", prose=True)  # "[-3, 2]"
"""

from __future__ import annotations

import re

from regenesis.answers.formulas.comparing import formula, same_formula
from regenesis.answers.formulas.values import exact_value
from regenesis.answers.markup import undress
from regenesis.answers.numbers import Number, is_writable, read_number, same_number
from regenesis.answers.rules import Rules
from regenesis.answers.words import folded, read_words

_LONGEST = 1_500
_SPAN = re.compile(r"\$\$?([^$]+)\$\$?|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_COPULA = re.compile(
    r"(?:\b(?:is|are|was|equals|be|to get|get|gives|yields|becomes|obtain|find that)\b|:)(?!.*\b(?:is|are|was"
    r"|equals)\b)",
    re.DOTALL,
)
_TAIL = re.compile(r"\s+(?:because|since|as|where|which|for all|for any|for every|when|if|so)\b.*", re.DOTALL)
_DELIMITERS = re.compile(r"\\[()\[\]]|(?<!\\)\$")
_FILLER = re.compile(r"(?:\b(?:and|or)\b|[\s,.;*_\"'])*")
_VERDICT_WORDS = re.compile(
    r"\W*(?:correct|right|wrong|incorrect|the|an?|it|this|there|reasonable|valid|consistent|as follows|given"
    r"|found|helpful|clear|in|that|based|to|not|"
    r"already|also|same|simple|boxed|shown|below|above)\b",
    re.IGNORECASE,
)
_PROSE_WORD = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{4,}|(?<![\\A-Za-z{])[A-Za-z]{2,}\s+[A-Za-z]{2,}")
_TEXT = re.compile(
    r"\\(?:text\w*|mbox|mathrm|operatorname|begin|end)\s*\{[^{}]*\}|\\[A-Za-z]+"
    r"|\b(?:sqrt|sinh?|cosh?|tanh?|sec|csc|cot|log|ln|exp|arc(?:sin|cos|tan)|infinity|pi|oo|and|or)\b"
)
_JOINED = re.compile(r"\b(?:and|or)\b")
_WORD = re.compile(r"[^\W\d_]{2,}")
_RANGE = re.compile(r"[0-9.]+(?:\s?-\s?[0-9.]+)+")
_NO_VALUE = ("sequence", "words", "ratio", "based", "matrix", "in", "union", "infinity", "emptyset", "numberset")
_BETWEEN_SOLUTIONS = re.compile(r";|\bor\b")
_NAMED = re.compile(r"\s*([A-Za-z](?:_[0-9A-Za-z])?)\s*=([^=<>()]+)")
_ONE_NAME = re.compile(r"((?:[a-z]+(?:-[a-z]+)?\s+){1,2})\$[A-Za-z]\$")
_TELLING = re.compile(
    r"\b(?:is|are|be|get|have|has|so|thus|hence|find|gives?|where|for|let|when|if|then|with|of|the|we|value|solve|in)\b"
)
_COMMAND = re.compile(r"\\[A-Za-z]{2,}")
# a time of day is no ratio: 4:30 is not 2:15
_CLOCK = re.compile(r"([0-9]{1,2}):([0-5][0-9])(?:([ap])\.?m\.?)?", re.IGNORECASE)
_MATHEMATICAL = re.compile(r"[0-9\\^_=<>+*/|]|(?:^|[\s(]|\b[A-Za-z])\s*[-−]\s*(?:[A-Za-z]\b|\()")


def read_formula(text: str, *, prose: bool = False, certain: bool = True) -> str | None:
    """The formula that a final answer states, as written.

    Args:
        text: The answer, or a sentence that states it.
        prose: Whether the formula may stand inside a sentence.
        certain: Whether `text` is known to be the answer, so that it counts even where it does not look like a formula.
    """
    if len(text) > _LONGEST:
        return None
    text = text.strip().strip("*`").strip()
    if text.startswith("\\boxed{") and text.endswith("}"):
        text = text[7:-1]
    bare = _DELIMITERS.sub("", text).strip()
    if not bare:
        return None
    if read_number(text) is not None or is_formula(bare):
        return bare
    if prose:
        found = _from_prose(text)
        return bare if found is None and certain else found
    described = _ONE_NAME.fullmatch(text)
    if described is not None and not _TELLING.search(described[1]):
        return bare  # "odd $n$" says which n
    return bare if certain or (len(bare.split()) <= 4 and "$" not in text) else None


def read_value(text: str, *, prose: bool = False) -> Number | str | None:
    """The value that an expression in place of a number stands for: a number if it is rational, else the expression."""
    found = read_formula(text, prose=prose, certain=False)
    if found is None or _RANGE.fullmatch(found) or _WORD.search(_TEXT.sub("", found)):
        return None
    tree = formula(found)
    if tree is None or tree.op in _NO_VALUE or (tree.op == "symbol" and tree.value not in ("e", "pi")):
        return None
    if tree.op == "relation":
        return found if tree.value == "=" and tree.parts[0].op in ("symbol", "call", "words") else None
    exact = exact_value(tree)
    return Number(exact) if exact is not None and is_writable(exact) else found


def is_formula(text: str) -> bool:
    """Whether a text reads as a formula rather than as words."""
    if _PROSE_WORD.search(_TEXT.sub("", text)):
        return False
    tree = formula(text)
    if tree is None:
        return _COMMAND.search(text) is not None
    return tree.op != "words" and (bool(_MATHEMATICAL.search(text)) or len(text) <= 3)


def _from_prose(text: str) -> str | None:
    spans = [next(group for group in match.groups() if group) for match in _SPAN.finditer(text)]
    if spans and _FILLER.fullmatch(_SPAN.sub("", text)):
        joint = " and " if _JOINED.search(_SPAN.sub("", text)) else ", "
        return joint.join(span.strip() for span in spans)
    if len(set(spans)) == 1 and (formula(spans[0]) is None or len(spans[0]) > 1):
        rest = _SPAN.sub(" ", text)
        if not any(character.isdigit() for character in rest):
            return spans[0].strip()
    copula = _COPULA.search(text)
    if copula is not None:
        stated = _TAIL.sub("", text[copula.end() :]).strip()
        inside = [next(group for group in match.groups() if group) for match in _SPAN.finditer(stated)]
        if len(inside) == 1:
            return inside[0].strip()
        bare = _DELIMITERS.sub("", stated).strip()
        number = read_number(stated)
        if bare and (number is not None or is_formula(bare)):
            return number.text if number is not None else bare
    trimmed = _DELIMITERS.sub("", _TAIL.sub("", text)).strip()
    if trimmed and is_formula(trimmed):
        return trimmed
    number = read_number(text, prose=True)
    if number is not None:
        return number.text
    words = read_words(text)
    if words is None or _VERDICT_WORDS.match(words) or len(words.split()) > 5:
        return None
    return words


def same_formula_answer(left: str, right: str, rules: Rules) -> bool | None:
    """Whether two formulas are the same answer, decided in this process; `None` where that leaves it open."""
    left, right = _as_points(left), _as_points(right)
    if _squeezed(left) == _squeezed(right):
        return True
    times = _CLOCK.fullmatch(_unworded(left)), _CLOCK.fullmatch(_unworded(right))
    if times[0] and times[1]:
        marks = {match[3].lower() for match in times if match and match[3]}
        return len(marks) < 2 and [int(group) for group in times[0].groups()[:2]] == [
            int(group) for group in times[1].groups()[:2]
        ]
    # x = 5 and y = 5 are the same number but not the same answer
    named = "=" in left and "=" in right
    first, second = (None, None) if named else (read_number(left), read_number(right))
    if first is not None and second is not None:
        return same_number(first, second, rules)
    words = undress(left), undress(right)
    if not any(_MATHEMATICAL.search(text) for text in words) and folded(words[0]) == folded(words[1]):
        return True
    same = same_formula(left, right)
    if same is not None:
        return same
    if not _MATHEMATICAL.search(left) or not _MATHEMATICAL.search(right):
        return False
    return None


def _as_points(text: str) -> str:
    """Solutions given name by name, `p=5,q=2; p=7,q=2`, as the points `(5,2),(7,2)`."""
    if ";" not in text and " or " not in text:
        return text
    names: list[str] = []
    points = []
    for group in _BETWEEN_SOLUTIONS.split(_DELIMITERS.sub("", text)):
        parts = [_NAMED.fullmatch(part) for part in group.strip(" ()").split(",")]
        named = [part[1] for part in parts if part]
        if len(named) < 2 or len(named) != len(parts) or (names and named != names):
            return text
        names = named
        points.append(f"({','.join(part[2].strip() for part in parts if part)})")
    return ",".join(points) if len(points) > 1 else text


def _unworded(text: str) -> str:
    text = text.replace("{:}", ":")
    return re.sub(r"\\(?:text|mathrm)\s*\{([^{}]*)\}|[\\ ~]", lambda match: (match[1] or "").replace(" ", ""), text)


def _squeezed(text: str) -> str:
    return re.sub(r"\\left|\\right|\\[,;! ]|\s+|\.$", "", text.replace("dfrac", "frac").replace("tfrac", "frac"))
