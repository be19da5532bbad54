"""Text that a model, a server or a file wrote, made fit to be shown.

neutralise(completion.text)
in_a_line(question.text, 60)

Such text is data: its control characters are shown, never obeyed.
"""

from __future__ import annotations

import re

# control characters but newline and tab, and those that turn the direction of text around
_OBEYED_BY_TERMINALS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def neutralise(text: str) -> str:
    r"""The text with every character that a terminal would obey written out, as `\x1b`; line ends become newlines."""
    return _OBEYED_BY_TERMINALS.sub(_written_out, text.replace("\r\n", "\n"))


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def in_a_line(text: str, width: int) -> str:
    """The beginning of a text on one line, neutralised, at most `width` characters long."""
    line = neutralise(" ".join(text[: 4 * width].split()))
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"
