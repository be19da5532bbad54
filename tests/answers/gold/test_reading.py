"""Gold answers out of cells as tables have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from regenesis.answers import Gold, GoldError, NoGold, grade, read_gold
from regenesis.answers.gold import same_gold
from regenesis.types import Choice

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "cells.yaml").read_text(encoding="utf-8"))
METALS = (Choice("A", "wool"), Choice("B", "iron"), Choice("C", "none"))


@pytest.mark.parametrize(("cell", "kind", "answers", "why"), CASES["read"])
def test_a_cell_is_read(cell: Any, kind: str, answers: list[str], why: str) -> None:
    assert read_gold(cell) == Gold(kind, answers[0], tuple(answers[1:])), why  # type: ignore[arg-type]


@pytest.mark.parametrize(("cell", "kind", "answers", "why"), CASES["read"])
def test_what_was_read_reads_the_same_again(cell: Any, kind: Any, answers: list[str], why: str) -> None:
    assert read_gold(answers if len(answers) > 1 else answers[0], kind) == read_gold(cell), why


@pytest.mark.parametrize(("cell", "kind", "answers", "why"), CASES["read"])
def test_the_answer_as_read_is_right(cell: Any, kind: Any, answers: list[str], why: str) -> None:
    for answer in answers:
        assert grade(f"\\boxed{{{answer}}}", cell).correct, why


@pytest.mark.parametrize(("cell", "why"), CASES["none"])
def test_a_placeholder_is_no_gold(cell: Any, why: str) -> None:
    assert read_gold(cell) == NoGold(why, "text")  # type: ignore[arg-type]


@pytest.mark.parametrize(("cell", "why"), CASES["none"])
def test_nothing_is_right_without_gold(cell: Any, why: str) -> None:
    verdict = grade(f"\\boxed{{{cell}}}", cell)
    assert (verdict.status, verdict.rule) == ("unparsed", "no-gold"), why


@pytest.mark.parametrize("cell", ["B", "b", "(B)", "B)", "B.", "iron", "Iron", 1, 1.0, "1", "1.0", "01", "B) iron"])
def test_an_option_is_named_by_label_text_or_position(cell: Any) -> None:
    assert read_gold(cell, choices=METALS) == Gold("choice", "B")


def test_an_option_is_named_at_the_end_of_a_rationale() -> None:
    rationale = "Wool is soft. Iron conducts, as metals do.\nThe answer is B."
    assert read_gold(rationale, choices=METALS) == Gold("choice", "B")


def test_a_rationale_that_names_no_option_is_no_gold() -> None:
    rationale = "Wool is soft. Metals conduct. One of these does."
    assert read_gold(rationale, choices=METALS) == NoGold("unread", "choice")


@pytest.mark.parametrize(
    ("cell", "choices"), [("none", ["some", "none"]), ("-", ["+", "-"]), ("N/A", {"N/A": "x", "B": "y"})]
)
def test_an_option_may_be_called_like_a_placeholder(cell: str, choices: Any) -> None:
    assert isinstance(read_gold(cell, choices=choices), Gold)


@pytest.mark.parametrize("cell", [-1, "-1", -1.0, "N/A", None, ""])
def test_an_answer_that_is_held_back_is_no_gold(cell: Any) -> None:
    assert isinstance(read_gold(cell, choices=["red", "blue"]), NoGold)


def test_a_digit_label_comes_before_a_position() -> None:
    assert read_gold(1, choices={"1": "red", "2": "blue"}) == Gold("choice", "1")
    assert read_gold(1.0, choices={"1": "red", "2": "blue"}) == Gold("choice", "1")


def test_a_text_that_reads_like_a_number_comes_before_a_position() -> None:
    assert read_gold(1, choices=["1", "2"]) == Gold("choice", "A")


@pytest.mark.parametrize(
    ("cell", "kind", "choices", "said"),
    [
        ("green", "auto", ["red", "blue"], "is not among the choices A, B"),
        (2, "auto", ["red", "blue"], "is not among the choices A, B"),
        ("red", "auto", ["red", "red"], "matches several choices"),
        ("many", "number", (), "is not a number"),
        ("perhaps", "boolean", (), "is none of yes, no, true, false"),
        ([2, 3], "auto", (), "list of different numbers"),
        ({"a": 1}, "auto", (), "name the part"),
        (b"18", "auto", (), "is bytes"),
    ],
)
def test_what_is_no_answer_says_why(cell: Any, kind: Any, choices: Any, said: str) -> None:
    with pytest.raises(GoldError, match=said):
        read_gold(cell, kind, choices)


def test_any_accepted_answer_is_right() -> None:
    for answer in ("Paris", "the city of light"):
        assert grade(f"\\boxed{{{answer}}}", ["Paris", "City of Light"]).correct
    wrong = grade("\\boxed{Rome}", ["Paris", "City of Light"])
    assert (wrong.status, wrong.reason) == ("incorrect", "'Rome' is not 'Paris' or 'City of Light'")


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [("12", "12.0", True), ("12", "13", False), ("Paris", "paris.", True), ("yes", "12", False), ("50%", "0.5", False)],
)
def test_golds_are_the_same_if_their_answers_are(left: str, right: str, same: bool) -> None:
    first, second = read_gold(left), read_gold(right)
    assert isinstance(first, Gold)
    assert isinstance(second, Gold)
    assert same_gold(first, second) is same


@given(st.text(max_size=300) | st.lists(st.text(max_size=20), max_size=4) | st.integers() | st.floats())
def test_any_cell_is_read_or_refused(cell: Any) -> None:
    try:
        found = read_gold(cell)
    except GoldError:
        return
    if isinstance(found, Gold):
        assert found.text.strip()
