"""Which option a gold cell names: by label, by text, by position, or at the end of a worked solution.

find_label("1.0", (Choice("A", "red"), Choice("B", "blue")))  # "B"
"""

from __future__ import annotations

import re
from typing import Any

from regenesis.answers.gold.cells import GoldError, is_placeholder
from regenesis.answers.gold.solutions import stated
from regenesis.answers.options import options_from, read_option
from regenesis.types import Choice

_WHOLE = re.compile(r"[+]?0*([0-9]{1,4})(?:\.0*)?")
_MINUS_ONE = re.compile(r"-0*1(?:\.0*)?")
_SHOWN = 26


def find_label(cell: Any, choices: tuple[Choice, ...], first_position: int = 0) -> str | None:
    """The label of the option that a cell names; `None` if it says that none is known, or is a solution without one.

    A label comes before a text, and both before a position. A whole number in any spelling is a position (`1`, `1.0`,
    `"1"`), -1 stands for an answer that is held back.

    Args:
        cell: A text or a number.
        choices: The options, at least one.
        first_position: The position of the first option.

    Raises:
        GoldError: It names none of them, or the text of several.
    """
    wanted = str(cell).strip()
    bare = wanted.removeprefix("(").rstrip(").:").strip()
    for found in (
        [choice.label for choice in choices if choice.label in (wanted, bare)],
        [choice.label for choice in choices if choice.text == wanted],
        [choice.label for choice in choices if choice.label.casefold() == bare.casefold()],
        [choice.label for choice in choices if choice.text.casefold() == wanted.casefold()],
    ):
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise GoldError("matches several choices")
    if is_placeholder(wanted) or _MINUS_ONE.fullmatch(wanted):
        return None
    whole = None if isinstance(cell, bool) else _WHOLE.fullmatch(wanted)
    if whole is not None:
        # "1.0" may be the label "1" of another spelling
        labelled = [choice.label for choice in choices if choice.label == whole[1]]
        position = int(whole[1]) - first_position
        if labelled or 0 <= position < len(choices):
            return labelled[0] if labelled else choices[position].label
    return _named(wanted, choices)


def _named(text: str, choices: tuple[Choice, ...]) -> str | None:
    options = options_from(choices)
    said = stated(text, "choice", choices)
    if said is not None and said != text and is_placeholder(said):
        return None
    for part in dict.fromkeys(part for part in (said, text) if part is not None):
        label = options.by_label.get(part.casefold()) or read_option(part, options)
        if label is not None:
            return label
    if said is None:
        return None
    shown = ", ".join(choice.label for choice in choices[:_SHOWN])
    raise GoldError(f"is not among the choices {shown}")
