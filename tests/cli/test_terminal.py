from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from regenesis.cli.terminal import print_json


def test_brackets_are_no_markup() -> None:
    from regenesis.cli.terminal import console

    out = console()
    out.file = io.StringIO()
    out.print("[bold]x[/bold] :smile:")
    assert isinstance(out, Console)
    assert out.file.getvalue() == "[bold]x[/bold] :smile:\n"


@given(st.recursive(st.text(st.characters(codec=None)), lambda inner: st.lists(inner, max_size=3), max_leaves=5))
def test_json_is_one_document_of_printable_ascii(value: object) -> None:
    written = io.StringIO()
    import contextlib

    with contextlib.redirect_stdout(written):
        print_json(value)
    assert json.loads(written.getvalue()) == value
    assert all(char == "\n" or " " <= char <= "~" or char == "\x7f" for char in written.getvalue())
