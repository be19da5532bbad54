from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.report.text import in_a_line, neutralise

CASES = [
    ("plain text\n\tstays", "plain text\n\tstays"),
    ("naïve 日本語 🙂", "naïve 日本語 🙂"),
    ("[bold]x[/bold] :smile:", "[bold]x[/bold] :smile:"),
    ("\x1b[2J\x1b[31mred", r"\x1b[2J\x1b[31mred"),
    ("\x1b]8;;http://x\x07link", r"\x1b]8;;http://x\x07link"),
    ("\x9b31m", r"\x9b31m"),
    ("over\rwritten", r"over\x0dwritten"),
    ("two\r\nlines", "two\nlines"),
    ("back\x08space\x7f", r"back\x08space\x7f"),
    ("right \u202eleft", r"right \u202eleft"),
    ("\u2066isolate\u2069", r"\u2066isolate\u2069"),
    ("half \ud83d of a pair", r"half \ud83d of a pair"),
]


@pytest.mark.parametrize(("written", "shown"), CASES)
def test_what_a_terminal_would_obey_is_written_out(written: str, shown: str) -> None:
    assert neutralise(written) == shown


@given(st.text(st.characters(codec=None)))
def test_no_control_character_but_newline_and_tab_comes_through(text: str) -> None:
    assert not [char for char in neutralise(text) if unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t"]


@given(st.text(), st.integers(min_value=2, max_value=80))
def test_a_line_is_a_line_and_no_longer_than_asked(text: str, width: int) -> None:
    line = in_a_line(text, width)
    assert "\n" not in line
    assert len(line) <= width
