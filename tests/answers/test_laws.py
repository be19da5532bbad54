"""Laws that hold whatever the numbers: reading what was written gives it back, and equality behaves like equality."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from regenesis.answers import Rules, extract, grade
from regenesis.answers.numbers import Number, read_number, same_number
from regenesis.answers.rules import DEFAULT_RULES

INTEGERS = st.integers(-(10**15), 10**15)
DECIMALS = st.decimals(-(10**6), 10**6, places=3, allow_nan=False)
UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
PLACES = (
    "\\boxed{{{0}}}",
    "The answer is {0}.",
    "Answer: {0}",
    "#### {0}",
    "<answer>{0}</answer>",
    "So:\n{0}",
    "**{0}**",
)


@given(INTEGERS, st.sampled_from(PLACES))
def test_an_integer_is_right_in_every_place(value: int, place: str) -> None:
    assert grade(place.format(value), str(value), kind="number").correct


@given(INTEGERS, st.sampled_from(["{0:,}", "{0}.0", "{0}.", "${0}$", "{0} dollars", "{0}\\text{{ cm}}"]))
def test_an_integer_is_right_however_written(value: int, form: str) -> None:
    assert grade(f"\\boxed{{{form.format(value)}}}", str(value), kind="number").correct


@given(INTEGERS, INTEGERS, st.sampled_from(PLACES))
def test_another_integer_is_never_right(value: int, other: int, place: str) -> None:
    assume(value != other)
    assert not grade(place.format(other), str(value), kind="number").correct


@given(INTEGERS)
def test_a_sign_is_never_lost(value: int) -> None:
    assume(value != 0)
    for minus in "-−–":
        written = f"{minus}{value}" if value > 0 else str(-value)
        assert not grade(f"The answer is {written}.", str(value), kind="number").correct


@given(DECIMALS)
def test_a_decimal_reads_as_itself(value: object) -> None:
    assert read_number(f"{value:f}") == Number(Fraction(str(value)))


@given(st.fractions(-1000, 1000, max_denominator=999))
def test_what_is_written_out_reads_back(value: Fraction) -> None:
    written = Number(value).text
    assert read_number(written) == Number(value)
    assert extract(f"Answer: {written}", "number") == written


@given(st.fractions(-1000, 1000, max_denominator=999))
def test_a_fraction_in_latex_is_that_fraction(value: Fraction) -> None:
    sign = "-" if value < 0 else ""
    latex = f"{sign}\\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
    assert grade(f"\\boxed{{{latex}}}", str(value), kind="number").correct


@given(st.fractions(0, 100, max_denominator=50), st.fractions(0, 100, max_denominator=50))
def test_equality_is_symmetric(left: Fraction, right: Fraction) -> None:
    one, other = Number(left), Number(right)
    assert same_number(one, other, DEFAULT_RULES) == same_number(other, one, DEFAULT_RULES)
    assert same_number(one, one, DEFAULT_RULES)


@given(INTEGERS, INTEGERS)
def test_two_different_answers_side_by_side_are_none(value: int, other: int) -> None:
    assume(abs(value) != abs(other))
    assert not grade(f"The answer is {value} or {other}.", str(value), kind="number").correct
    assert not grade(f"\\boxed{{{value}}} or \\boxed{{{other}}}", str(other), kind="number").correct


@given(st.integers(2, 26).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))), st.sampled_from(PLACES))
def test_an_option_is_right_in_every_place(option: tuple[int, int], place: str) -> None:
    count, index = option
    label = chr(ord("A") + index)
    texts = [f"text number {chr(ord('a') + n)}" for n in range(count)]
    assert grade(place.format(label), label, kind="choice", choices=texts).correct
    assert grade(place.format(f"({label}) {texts[index]}"), label, kind="choice", choices=texts).correct


@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9))
def test_a_polynomial_equals_its_factors(first: int, second: int, factor: int) -> None:
    assume(factor != 0)
    product = f"{factor}(x-({first}))(x-({second}))"
    expanded = f"{factor}x^2 - ({factor * (first + second)})x + ({factor * first * second})"
    local = Rules(symbolic=False)
    assert grade(f"\\boxed{{{product}}}", expanded, kind="math", rules=local).correct
    assert not grade(f"\\boxed{{{product} + 1}}", expanded, kind="math", rules=local).correct


@pytest.mark.parametrize("number", range(101))
def test_numbers_in_words_up_to_a_hundred(number: int) -> None:
    tail = f"-{UNITS[number % 10]}" if number % 10 else ""
    words = "one hundred" if number == 100 else UNITS[number] if number < 20 else TENS[number // 10 - 2] + tail
    assert grade(f"The answer is {words}.", str(number), kind="number").correct


OPTION_TEXTS = ("red clay", "blue slate", "white chalk", "black coal", "green jade")
LABELS = st.sampled_from("ABCDE")
TWO_OPTIONS = (
    "The answer is ({0}) {2} ({1}) {3}.",
    "The answer is ({0}) {2} or ({1}) {3}.",
    "So the correct answer is ({0}, {1}).",
    "({0}) is correct ({0} is correct). The correct answer is ({0}) and ({1}).",
    "So ({0}) {2} is a possibility. So ({1}) {3} is also a possibility.",
    "The answer is {0}. In the end the answer depends on the place.",
    "If it rains, the answer is {0}. Otherwise, the answer is {1}.",
    "Option {0} is correct when dry. Option {1} is correct when wet.",
    "Answer: ({0}) {2}, ({1}) {3}",
    "The answer is either {0} or {1}.",
)


@given(LABELS, LABELS, st.sampled_from(TWO_OPTIONS), st.sampled_from(["", "First: ({0}) {2} is correct.\n\n"]))
def test_a_response_that_leaves_two_options_open_names_neither(one: str, other: str, end: str, start: str) -> None:
    assume(one != other)
    texts = [OPTION_TEXTS[ord(label) - ord("A")] for label in (one, other)]
    response = (start + end).format(one, other, *texts)
    assert not grade(response, one, kind="choice", choices=OPTION_TEXTS).correct
    assert not grade(response, other, kind="choice", choices=OPTION_TEXTS).correct


RUN_ON = (
    "{0}\n\nQuestion: How many are left?\nAnswer: {1}",
    "{0}\n\nQ: How many are left?\nA: {1}",
    "{0}\n\n**Problem 2:** How many are left?\nThe answer is {1}.",
    "{0}<|im_end|>\n<|im_start|>user\nThe answer is {1}.",
    "{0}<end_of_turn>The answer is {1}.",
    "{0}<EOS>The answer is {1}.",
    "{0}[/INST] The answer is {1}.",
)


@given(INTEGERS, INTEGERS, st.sampled_from(PLACES), st.sampled_from(RUN_ON))
def test_what_a_text_runs_on_into_is_not_its_answer(value: int, other: int, place: str, run_on: str) -> None:
    assume(value != other)
    response = run_on.format(place.format(value), other)
    assert grade(response, str(value), kind="number").correct
    assert not grade(response, str(other), kind="number").correct


@given(st.integers(1, 10**6), st.integers(1, 40))
def test_a_float_written_out_is_the_result_of_its_calculation(thousandths: int, factor: int) -> None:
    exact = Fraction(thousandths * factor, 1000)
    computed = Fraction(repr(sum([thousandths / 1000] * factor)))
    assert same_number(Number(exact), Number(computed), DEFAULT_RULES)
    assert not same_number(Number(exact + Fraction(1, 1000)), Number(computed), DEFAULT_RULES)


@given(st.integers(-(10**18), 10**18), st.integers(1, 1000))
def test_whole_numbers_are_never_close_enough(value: int, apart: int) -> None:
    assert not same_number(Number(Fraction(value)), Number(Fraction(value + apart)), DEFAULT_RULES)
