"""Equations in texts that nobody would write: read in one go, whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenesis.curation.arithmetic import READINGS, parse, plain, tokens_of, value
from regenesis.curation.equations import _false_equations, _hold_at_a_glance, false_equation, leaves_open

HOSTILE = [
    "1+" * 20_000 + "1 = 3",
    "(" * 20_000 + "1 = 2",
    "9^9^9^9^9 = 2",
    "9^" * 20_000 + "9 = 2",
    "2^99999999 = 4",
    "= 1" * 20_000,
    "1a" * 20_000 + " + 1 = 3",
    "9" * 20_000 + " + 1 = 3",
    "\\frac{" * 5_000 + "1 + 1 = 3",
    "1/0 + 1 = 3",
    "is " * 20_000 + "1 + 1 = 2",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_a_hostile_text_is_read_in_one_go(text: str) -> None:
    assert false_equation(text, "How many?") is None


@given(st.text(alphabet="0123456789+-*/=().,% x$\\{}aé\n", max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    false_equation(text, text[:10])


@given(st.lists(st.integers(1, 99), min_size=2, max_size=5), st.sampled_from(["+", "-", "*"]))
def test_what_python_computes_holds_and_one_more_does_not(numbers: list[int], operator: str) -> None:
    sum_ = f" {operator} ".join(map(str, numbers))
    expression, _ = parse(tokens_of(plain(sum_)), 0) or (None, 0)
    assert expression is not None
    result = value(expression, READINGS[0])
    assert result is not None
    assert false_equation(f"She has {sum_} = {result} eggs.", "How many?") is None
    assert false_equation(f"She has {sum_} = {result + 1} eggs.", "How many?") is not None


NUMBERS = st.integers(0, 40)
OPERATORS = st.sampled_from(["+", "-", "*", "/", "\\times", "\\div", "×"])
PIECES = st.one_of(
    st.builds(lambda a, sign, b, c: f"{a} {sign} {b} = {c}", NUMBERS, OPERATORS, NUMBERS, NUMBERS),
    st.builds(lambda a, b: f"{a} + {b} = {a + b}", NUMBERS, NUMBERS),
    st.builds(lambda a, b: f"\\frac{{{a * b}}}{{{b}}} = {a}", NUMBERS, st.integers(1, 9)),
    st.sampled_from(
        ["She has ", " and ", ", so ", " + 2", "- ", " = 7", "\n", "3 * ", " eggs", " is 4", "x", "(", ")", "%", "."]
    ),
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=5).map("".join))
def test_what_holds_at_a_glance_holds_when_it_is_read(text: str) -> None:
    if _hold_at_a_glance(text):
        assert next(_false_equations(text), None) is None


@pytest.mark.parametrize("inside", ["14 \\times 50", "32 - 4", "2 * (3 + 4)", "\\$5 + \\$3", "10 eggs - 3 eggs"])
def test_a_box_with_a_computation_is_left_open(inside: str) -> None:
    assert leaves_open(f"So we have \\boxed{{{inside}}}.")


@pytest.mark.parametrize(
    "inside",
    [
        "700",
        "-5",
        "\\frac{1}{2}",
        "1/2",
        "2 1/2",
        "3 \\times 10^8",
        "10^6",
        "\\$1,200",
        "50\\%",
        "8 \\text{ dozen}",
        "3:45",
        "x - 3",
    ],
)
def test_a_box_with_a_number_is_not(inside: str) -> None:
    assert not leaves_open(f"14 * 50 = 700, so we have \\boxed{{{inside}}}.")
