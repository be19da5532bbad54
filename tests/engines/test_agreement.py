"""How far a copy of a model agrees with it, as it is noted beside the copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from regenesis.engines.agreement import Agreement


@pytest.mark.parametrize(("same", "of", "enough"), [(36, 36, True), (27, 36, True), (26, 36, False), (0, 0, True)])
def test_three_quarters_are_enough(same: int, of: int, enough: bool) -> None:
    assert Agreement(same, of).enough == enough


def test_what_is_noted_is_read_back(tmp_path: Path) -> None:
    Agreement(34, 36).note(tmp_path)
    assert Agreement.noted(tmp_path) == Agreement(34, 36)


@pytest.mark.parametrize("note", ["", "{}", "[]", '{"same": "x", "of": 1}', None])
def test_a_note_that_says_nothing_counts_as_none(tmp_path: Path, note: str | None) -> None:
    if note is not None:
        (tmp_path / "agreement.json").write_text(note, "utf-8")
    assert Agreement.noted(tmp_path) is None
