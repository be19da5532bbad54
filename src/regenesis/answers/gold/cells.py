"""What a cell holds before any answer is read: nothing, a placeholder, one answer, or several that are accepted.

answers_in('["18", "eighteen"]')   # ["18", "eighteen"]
is_placeholder("N/A")              # True
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Mapping
from typing import Any

_MOST_ANSWERS = 1_000
_LONGEST_LIST = 100_000

_PLACEHOLDERS = frozenset(
    {
        "", "nan", "none", "null", "nil", "n/a", "n.a", "#n/a", "na/na", "<na>", "<null>", "<none>", "nat",
        "notfound", "not found", "not_found", "not-found", "not available", "not applicable", "not provided",
        "not given", "no answer", "no_answer", "noanswer", "no gold", "unknown", "missing", "unavailable", "blank",
        "placeholder", "undef", "proof", "see proof", "see solution", "see above", "tbd", "tba", "tbc", "todo",
        "to be determined", "?", "-", "--", "---", "–", "—", "_", "/", "\\", ".", "..", "...", "…", "*", "x x x",
        "[]", "{}", "()", "[none]", "[null]", "[nan]", "''", '""',
    }
)  # fmt: skip
# pandas writes "NA"; in any other case it may be sodium, or no in a language
_UPPER_ONLY = frozenset({"NA", "ND", "XXX"})
_INVISIBLE = dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])
_DRESS = re.compile(r"\\(?:text|mathrm|textbf|mbox|textit|boxed|fbox)\s*\{([^{}]*)\}")
_QUOTED = r"(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_LISTED = re.compile(rf"[\[(]\s*{_QUOTED}(?:\s*,?\s*{_QUOTED})*\s*,?\s*[\])]", re.DOTALL)
_ONE_QUOTED = re.compile(_QUOTED, re.DOTALL)
_KEY = re.compile(rf"\{{\s*{_QUOTED}\s*:", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f]")
_PARTS = ("text", "value", "answer", "answers", "ground_truth", "final_answer", "target", "gold")
_MORE_PARTS = ("aliases", "alias")


class GoldError(ValueError):
    """A cell holds no gold answer of its kind; the message goes on from "its gold answer …"."""


def is_placeholder(text: str) -> bool:
    """Whether a text stands for an answer that is not known: `N/A`, `nan`, `notfound`, `-`, `?`, `TBD` and their like.

    An option of a multiple-choice question may well be called so; ask for its label first.
    """
    if len(text) > 60:
        return False
    bare = _DRESS.sub(r"\1", text.translate(_INVISIBLE)).strip().strip("$#*`").strip()
    if bare in _UPPER_ONLY or not bare.strip("?"):
        return True
    folded = " ".join(bare.casefold().split())
    # a bracket alone may be an answer, and is not nothing in brackets
    spellings = {folded, folded.replace(" ", ""), folded.rstrip(".!") or folded, folded.strip("()-[] ") or folded}
    return not spellings.isdisjoint(_PLACEHOLDERS)


def answers_in(cell: Any) -> list[Any]:
    """The accepted answers of a cell, in order: one of a plain cell, several of a list, none of an empty one.

    A list written as text counts if its members are quoted, as JSON and Python write them: `[1, 2]` as text is an
    answer of mathematics, and `(1, 2)` too.

    Raises:
        GoldError: It is something that holds no answers, or a list of different numbers, of which it cannot be told
            whether any or all of them are wanted.
    """
    if isinstance(cell, str):
        return _in_text(cell)
    if isinstance(cell, Mapping):
        return _in_mapping(cell)
    if isinstance(cell, list | tuple | set | frozenset):
        return _in_list(list(cell))
    if isinstance(cell, bytes | bytearray | memoryview):
        raise GoldError("is bytes, not text or a number")
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return []
    return [cell]


def _in_list(members: list[Any]) -> list[Any]:
    if len(members) > _MOST_ANSWERS:
        raise GoldError(f"is a list of {len(members):,} answers; at most {_MOST_ANSWERS:,} are allowed")
    found = [answer for member in members for answer in answers_in(member)]
    numbers = {float(one) for one in found if isinstance(one, int | float) and not isinstance(one, bool)}
    if len(numbers) > 1:
        raise GoldError(
            "is a list of different numbers: write them as one string if all of them are the answer (`1, 2`), or as "
            'separate strings if any one of them is correct (`["1", "2"]`)'
        )
    return found


def _in_mapping(cell: Mapping[Any, Any]) -> list[Any]:
    named = next((name for name in _PARTS if name in cell), None)
    if named is None:
        raise GoldError(
            f"is an object of {', '.join(map(str, list(cell)[:6])) or 'nothing'}; name the part that holds the answer "
            '(`fields: {gold: "{{ column.part }}"}`)'
        )
    more = [cell[name] for name in _MORE_PARTS if name in cell]
    return [answer for part in (cell[named], *more) for answer in answers_in(part)]


def _in_text(text: str) -> list[Any]:
    bare = text.translate(_INVISIBLE).strip() and text.strip()
    if _ONE_QUOTED.fullmatch(bare):
        return _in_text(bare[1:-1])
    if bare[:1] == "{" and bare[-1:] == "}" and _KEY.match(bare):
        mapping = _mapping_in(bare)
        return [bare] if mapping is None else _in_mapping(mapping)
    if len(bare) > _LONGEST_LIST or bare[:1] not in ("[", "(") or bare[-1:] not in ("]", ")"):
        return [bare] if bare else []
    if _LISTED.fullmatch(bare) and (bare[0] == "[" or "," in _ONE_QUOTED.sub("", bare)):
        return [_unquoted(match[0]) for match in _ONE_QUOTED.finditer(bare)]
    try:
        members = json.loads(bare)
    except (ValueError, RecursionError):
        return [bare]
    texts = isinstance(members, list) and any(isinstance(one, str) for one in members)
    if texts or (isinstance(members, list) and len(members) == 1 and isinstance(members[0], int | float)):
        return _in_list(members)
    return [bare]


def _mapping_in(text: str) -> Mapping[Any, Any] | None:
    """An object written as text, as JSON or Python write it."""
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, Mapping):
            return found
    return None


def _unquoted(quoted: str) -> str:
    try:
        text = str(ast.literal_eval(quoted))
    except (ValueError, SyntaxError):
        return quoted[1:-1].strip()
    # an unescaped `\frac` was written by hand: read as an escape it would be a form feed and "rac"
    return (quoted[1:-1] if _CONTROL.search(text) else text).strip()
