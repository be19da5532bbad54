"""What a column tells about cells that are ambiguous alone."""

from __future__ import annotations

from typing import Any

import pytest

from regenesis.answers.gold import Gold, NoGold, look_at, read_gold

COLUMNS: list[tuple[list[Any], Any, Gold, str]] = [
    (["A", "C", "B", "D"], "A", Gold("choice", "A"), "letters alone are labels"),
    (["a", "c", "b", "d"], "b", Gold("choice", "B"), "small ones too"),
    (["A", "F", "T", "B"], "T", Gold("choice", "T"), "of many options T is one"),
    (["T", "F", "F"], "T", Gold("boolean", "yes"), "T and F alone are true and false"),
    (["Y", "N", "Y"], "N", Gold("boolean", "no"), "and Y and N yes and no"),
    (["vitamin", "iron", "zinc", "C"], "C", Gold("text", "C"), "among words a letter is one"),
    (["x^2", "2x + 1", "\\sqrt{2}", "x"], "x", Gold("math", "x"), "among formulas a variable"),
    (["Casablanca", "Alien", "Seven Samurai"], "Seven Samurai", Gold("text", "Seven Samurai"), "a name with a number"),
    (["12 pears", "3 km", "seven"], "12 pears", Gold("number", "12"), "numbers with units"),
    (["ab + c", "x^2", "ab"], "ab", Gold("math", "ab"), "a product among formulas"),
    (["up", "down", "left"], "up", Gold("text", "up"), "a word among words"),
]


@pytest.mark.parametrize(("column", "cell", "gold", "why"), COLUMNS, ids=[case[3] for case in COLUMNS])
def test_a_column_settles_what_a_cell_leaves_open(column: list[Any], cell: Any, gold: Gold, why: str) -> None:
    assert read_gold(cell, column=look_at(column)) == gold


def test_what_was_settled_is_said() -> None:
    assert look_at(["A", "C"]).notes == ("a single letter is read as the label of an option in the question",)
    assert look_at(["18", "19"]).notes == ()


def test_answers_of_a_question_without_gold_compare_as_most_others_do() -> None:
    assert read_gold("N/A", column=look_at(["18", "N/A", "12 pears"])) == NoGold("placeholder", "number")


def test_placeholders_tell_nothing_of_a_column() -> None:
    assert look_at(["N/A", "-", None, "A", "B"]).letters == "choice"
