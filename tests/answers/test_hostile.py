"""Text meant to hurt: no exception, no answer made up, and no growth that would show as a hang."""

from __future__ import annotations

import random
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenesis.answers import Rules, combine, extract, grade, infer_kind, read_judgement, vote
from regenesis.answers.formulas import formula
from regenesis.types import Verdict

KINDS = ("number", "choice", "boolean", "text", "math", "auto")
LOCAL = Rules(symbolic=False)
MEGABYTE = 1_000_000

PIECES = (
    "\\boxed{", "}", "{", "\\frac", "\\sqrt", "The answer is ", "Answer:", "####", "<answer>", "</answer>", "<think>",
    "</think>", "$", "$$", "\\[", "\\]", "\\(", "**", "`", "(", ")", "[", "]", ",", ".", " ", "\n", "-", "−", "%", "1",
    "18", "1,000", "1e9", "½", "²", "A", "(B)", " or ", " and ", "not ", "yes", "no", "x", "=", "<", "\\pm", "\\pi",
    "^", "_", "!", "|", "\\text{", "\\begin{pmatrix}", "\\\\", "&", "\\end{pmatrix}", "\x00", "\ud800", "\u202e", "🙂",
    "İ", "e\u0301", "答案", "٣", "so ", "Therefore, ", "is correct", "option ", "apple",
)  # fmt: skip

BOMBS = {
    "nested braces": "\\boxed{" + "{" * MEGABYTE,
    "balanced braces": "\\boxed{" + "{" * 4_000 + "}" * 4_000 + "}",
    "many boxes": "\\boxed{" * 140_000,
    "nested boxes": "\\boxed{" * 1_000 + "5" + "}" * 1_000,
    "repeated phrase": "the answer is " * 70_000,
    "phrase and spaces": "answer" + " " * MEGABYTE,
    "phrases and spaces": ("answer" + " " * 50) * 18_000,
    "claims": "A is correct " * 70_000,
    "spaces": " " * MEGABYTE,
    "tabs": "answer is\t" * 100_000,
    "new lines": "\n" * MEGABYTE,
    "hashes": "#" * MEGABYTE,
    "stars": "**a" * 300_000,
    "dollars": "$1" * 500_000,
    "backslashes": "\\" * MEGABYTE,
    "think tags": "<think>" * 140_000,
    "answer tags": "<answer>" * 120_000,
    "null bytes": "\x00" * MEGABYTE,
    "combining marks": "Answer: a" + "\u0327\u0301" * 400_000,
    "growing when lowered": "İ" * MEGABYTE,
    "remarks": "Answer: 5 " + " (" * 900,
    "reasons": "Answer: x" + " because" * 240,
    "conjunctions": "Answer: " + "5 and " * 300,
    "million digits": "9" * MEGABYTE,
    "million digits in a box": "\\boxed{" + "9" * MEGABYTE + "}",
    "fractions": "\\boxed{" + "\\frac{" * 200 + "1" + "}{2}" * 200 + "}",
    "brackets": "\\boxed{" + "(" * 700 + "1" + ")" * 700 + "}",
    "powers": "\\boxed{" + "2^" * 600 + "2}",
    "tower": "\\boxed{9^{9^{9^{9}}}}",
    "factorial": "\\boxed{((3000!)!)!}",
    "roots": "\\boxed{" + "\\sqrt" * 300 + "2}",
    "signs": "\\boxed{" + ",".join(["\\pm 1"] * 100) + "}",
    "set": "\\boxed{\\{" + ",".join(f"\\sqrt{{{n}}}" for n in range(2, 58)) + "\\}}",
    "huge exponent": "The answer is 1e999999999",
    "words": "Answer: " + "twenty " * 300,
    "too many digits to print": "\\boxed{10^{5000}}",
    "a power too long to print": "#### 2^{20000}",
    "a fraction too long to print": "The answer is 1/3^{4000}.",
    "a negative too long to print": "\\boxed{-7^{5000}}",
    "a percentage too long to print": "\\boxed{10^{5000}\\%}",
    "a product too long to print": "\\boxed{10^{4000} \\cdot 10^{4000}}",
    "a factorial too long to print": "<answer>2000!</answer>",
    "a root too long to print": "\\boxed{\\sqrt{10^{9000}}}",
    "a binomial too long to print": "\\boxed{\\binom{3000}{1500}^{9}}",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_yields_a_verdict(name: str, kind: Any) -> None:
    bomb = BOMBS[name]
    verdict = grade(bomb, "18", kind=kind, choices=["apple", "banana"] if kind == "choice" else (), rules=LOCAL)
    assert verdict.status in ("incorrect", "unparsed")
    assert len(verdict.reason) < 400


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_as_gold_yields_a_verdict(name: str) -> None:
    assert grade("The answer is 18.", BOMBS[name], rules=LOCAL).status in ("incorrect", "unparsed")


@pytest.mark.parametrize("digits", [999, 1_001, 5_000, 9_000])
def test_a_number_of_many_digits_equals_itself_or_is_not_read(digits: int) -> None:
    number = "9" * digits
    assert grade(f"The answer is {number}", number).status in ("correct", "unparsed")
    assert not grade(f"The answer is {number}", number[:-1] + "8").correct


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.text(max_size=60), st.sampled_from(KINDS))
def test_any_text_yields_a_verdict(response: str, gold: str, kind: Any) -> None:
    assert grade(response, gold, kind=kind, rules=LOCAL).status in ("correct", "incorrect", "unparsed")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.sampled_from(KINDS))
def test_scrambled_markup_yields_a_verdict(response: str, kind: Any) -> None:
    verdict = grade(response, "18" if kind != "choice" else "A", kind=kind, choices=["apple", "18"], rules=LOCAL)
    assert verdict.status == "unparsed" or verdict.extracted is not None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_the_other_readers_take_any_text(text: str) -> None:
    infer_kind(text, ())
    formula(text)
    said = read_judgement(text)
    combine(Verdict("unparsed", None, "", ""), said, "tie-break")
    vote([text, text, extract(text, "number")], "math", rules=LOCAL)


@pytest.mark.parametrize("written", ["10^{5000}", "2^{20000}", "2000!", "1/3^{4000}", "-7^{5000}"])
def test_a_number_too_long_to_print_is_compared_and_voted_on(written: str) -> None:
    response = f"\\boxed{{{written}}}"
    for kind in ("number", "math"):
        assert not grade(response, "7", kind=kind, rules=LOCAL).correct
        assert grade(response, written, kind=kind, rules=LOCAL).correct
        assert not grade(response, f"{written} + 1", kind=kind, rules=LOCAL).correct
        assert vote([extract(response, kind), written, "7"], kind, rules=LOCAL).agreeing == (0, 1)


def test_a_reader_that_fails_costs_one_answer_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a mistake of ours")

    monkeypatch.setattr("regenesis.answers.reading.statements", fail)
    verdict = grade("The answer is 18.", "18", kind="number")
    assert (verdict.status, verdict.rule) == ("unparsed", "checker-failed")
    assert "ValueError" in verdict.reason
    assert "grade failed on 'The answer is 18.'" in caplog.text
    assert extract("The answer is 18.", "number") is None


def test_a_seeded_fuzzer_finds_nothing() -> None:
    dice = random.Random(20_261)
    for _ in range(1_500):
        response = "".join(dice.choice(PIECES) for _ in range(dice.randrange(60)))
        gold = "".join(dice.choice(PIECES) for _ in range(dice.randrange(6)))
        grade(response, gold, kind=dice.choice(KINDS), choices=["apple", "banana"], rules=LOCAL)


def test_a_shallow_stack_is_enough() -> None:
    """Callers may already be deep in calls of their own."""
    nested = "\\boxed{" + "(" * 20 + "x" + ")" * 20 + "}"
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(350)
    try:
        assert grade(nested, "x", kind="math", rules=LOCAL).status in ("correct", "incorrect", "unparsed")
    finally:
        sys.setrecursionlimit(before)
