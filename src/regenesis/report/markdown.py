"""Views in Markdown, and what cards are written with: tables whose cells cannot break them.

markdown(funnel_view(funnel))
table(("what", "value"), [("rank", 16)])
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from regenesis.report.blocks import Block, Cell, Facts, Note, Table, Tone, View

_MARKUP = re.compile(r"[\\`|*\[\]~]|!(?=\[)|(?<!\w)_|_(?!\w)|^[#>+-](?=\s)|(?<=^\d)[.)](?=\s)")
"""What Markdown would not show as it stands; an underscore inside a word is one."""
_ADDRESS = re.compile(r"\b(https?|ftp):(?=//)", re.IGNORECASE)
"""Where an address starts that a reader's program makes a link of by itself."""
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co"})
_BOLD: frozenset[Tone] = frozenset({"strong", "bad", "warning"})


class Markdown(str):
    """Our own Markdown, which a cell holds as it stands."""

    __slots__ = ()


def markdown(view: View) -> str:
    """A view in Markdown."""
    blocks = (block for group in view for block in group)
    return "\n\n".join(text for text in map(_block, blocks) if text)


def _block(block: Block) -> str:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Facts):
        return table(("what", "value"), block.rows)
    return _note(block)


def _table(block: Table) -> str:
    header = [f"{one.group}, {one.heading}" if one.group else one.heading for one in block.columns]
    rows = [[_toned(one) for one in row] for row in block.cells()]
    totals = [[_toned(Cell(text, "strong")) for text in block.totals]] if block.totals else []
    return table(header, rows + totals)


def _toned(one: Cell) -> Markdown:
    text = cell(one.text)
    return Markdown(f"**{text}**" if one.tone in _BOLD and text else text)


def _note(note: Note) -> str:
    sentence = _toned(Cell(note.text, note.tone)) + (f" {cell(note.aside)}" if note.aside else "")
    return "\n".join([sentence, *(["", *(f"- {cell(line)}" for line in note.details)] if note.details else [])])


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table, or nothing where there are no rows."""
    if not rows:
        return ""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def cell(value: Any) -> str:
    """A value on one line that cannot break a table or smuggle in markup."""
    if isinstance(value, Mapping):
        return ", ".join(f"{cell(key)} = {cell(item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(cell(item) for item in value)
    if value is None:
        return "–"
    if isinstance(value, Markdown):
        return value
    text = "".join(map(_visible, " ".join(str(value).split())))
    return _ADDRESS.sub(r"\1&#58;", _MARKUP.sub(r"\\\g<0>", text).replace("&", "&amp;").replace("<", "&lt;"))


def _visible(character: str) -> str:
    """The character, or its escape where a reader's program would obey it rather than show it."""
    if unicodedata.category(character) not in _OBEYED:
        return character
    return f"\\u{ord(character):04x}" if ord(character) > 0xFF else f"\\x{ord(character):02x}"
