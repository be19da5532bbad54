"""Values that a table holds as text: JSON, or what Python, pandas and numpy print.

    read_literal('["a", "b"]') == read_literal("['a', 'b']") == read_literal("['a' 'b']") == ["a", "b"]
    read_literal("{'text': array(['a', 'b'], dtype=object), 'label': None}")  # {"text": ["a", "b"], "label": None}

Nothing of a text is ever run: Python's own reader of literals does the reading.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import warnings
from typing import Any

_LONGEST = 200_000
_OPENING, _CLOSING = "[({", "])}"
_NAMES = {"nan": "None", "null": "None", "true": "True", "false": "False"}
_ARRAY = re.compile(r"\b(?:np\.|numpy\.)?array\((?=\s*\[)")
_TYPE = re.compile(r",\s*dtype=[\w.'<>\"]+\s*\)|(?<=\])\)")
# a formula written by hand with single backslashes, which as an escape would be a form feed and "rac"
_COMMAND = re.compile(r"^['\"](?:[^\\]|\\\\)*\\(?:[abfv][a-z]|[tr][a-z]{2}|n(?:abla|eq?\b|u\b|ot\b))")


def read_literal(text: str) -> Any:
    """The list, mapping or other value that a text writes down.

    Raises:
        ValueError: It is neither JSON nor a Python literal.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(text) > _LONGEST:
        raise ValueError("a literal this long is not read")
    if "array(" in text:
        text = _TYPE.sub("", _ARRAY.sub("", text))
    try:
        source = _with_commas(text.strip())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of escapes that are none, such as `\\{`
            return ast.literal_eval(source)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, tokenize.TokenError) as error:
        raise ValueError(f"not a literal ({error})") from error


def _with_commas(text: str) -> str:
    """The literal with commas between members, which numpy leaves out: Python would join adjacent texts into one."""
    parts: list[str] = []
    ended = False
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER):
            continue
        is_value = token.type in (tokenize.STRING, tokenize.NUMBER, tokenize.NAME)
        if ended and (is_value or token.string in _OPENING):
            parts.append(",")
        written = _NAMES.get(token.string, token.string)
        parts.append(f"r{written}" if token.type == tokenize.STRING and _COMMAND.search(written) else written)
        ended = is_value or token.string in _CLOSING
    return " ".join(parts)
