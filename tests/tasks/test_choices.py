"""Options in every shape people write them in."""

from __future__ import annotations

from typing import Any

import pytest

from regenesis.tasks.choices import read_choices, with_options
from regenesis.tasks.rows import RowError
from regenesis.types import Choice

RED_BLUE = (Choice("A", "red"), Choice("B", "blue"))


@pytest.mark.parametrize(
    "shape",
    [
        ["red", "blue"],
        ("red", "blue"),
        {"label": ["A", "B"], "text": ["red", "blue"]},
        [{"label": "A", "text": "red"}, {"text": " blue ", "label": "B"}],
        {"A": "red", "B": "blue"},
        '["red", "blue"]',
        '{"A": "red", "B": "blue"}',
        ["red", "blue", None, " ", float("nan")],
        {"A": "red", "B": "blue", "C": None, "D": ""},
        {"label": ["A", "B", None], "text": ["red", "blue", None]},
        [{"key": "A", "text": "red"}, {"key": "B", "text": "blue"}],
        [{"A": "red"}, {"B": "blue"}],
        {"choices": ["red", "blue"], "labels": [0, 1]},
        ["A) red", "B) blue"],
        ["(A) red", "(B) blue"],
        ["A. red", "B. blue"],
        "['red', 'blue']",
        "['red' 'blue']",
        "('red', 'blue')",
        "{'A': 'red', 'B': 'blue', 'C': None, 'D': nan}",
        "{'text': array(['red', 'blue'], dtype=object), 'label': array(['A', 'B'], dtype=object)}",
        "A) red B) blue",
        "(A) red, (B) blue",
        "A. red\nB. blue",
        "A: red\nB: blue",
        "red\nblue",
        "red | blue",
    ],
)
def test_all_shapes_give_the_same_choices(shape: Any) -> None:
    assert read_choices(shape) == RED_BLUE


@pytest.mark.parametrize("nothing", [None, "", " ", [], {}, [None, ""], {"A": None}, "nan", "None", float("nan")])
def test_nothing_is_no_choices(nothing: Any) -> None:
    assert read_choices(nothing) == ()


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ("red, blue", "are text, not a list"),
        (7, "not a list"),
        (["red"], "only one choice"),
        (["red", None, "blue"], "one of its choices is None"),
        (["red", ["blue"]], "one of its choices is"),
        (["red", " ", "blue"], "one of its choices is ' '"),
        (["red", None, ""], "only one choice"),
        ({"label": ["A"], "text": ["red", "blue"]}, "1 choice labels for 2 choices"),
        ([{"label": "A", "text": "red"}, {"label": "A", "text": "blue"}], "several of its choices share a label"),
        ([str(number) for number in range(27)], "27 choices"),
    ],
)
def test_what_is_not_a_list_of_options_says_why(shape: Any, reason: str) -> None:
    with pytest.raises(RowError, match=reason):
        read_choices(shape)


def test_options_are_added_below_the_question() -> None:
    assert with_options("Which?", RED_BLUE) == "Which?\n(A) red\n(B) blue"
    assert with_options("Which?", ()) == "Which?"
