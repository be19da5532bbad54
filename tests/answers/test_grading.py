from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from regenesis.answers import Rules, extract, grade, infer_kind
from regenesis.types import Choice


@pytest.mark.parametrize(
    ("rule", "response", "gold", "status"),
    [
        ("either", "50%", "50", "correct"),
        ("either", "50%", "0.5", "correct"),
        ("face", "50%", "50", "correct"),
        ("face", "50%", "0.5", "incorrect"),
        ("fraction", "50%", "50", "incorrect"),
        ("fraction", "50%", "0.5", "correct"),
        ("fraction", "0.5", "50%", "correct"),
        ("face", "0.5", "50%", "incorrect"),
        ("fraction", "50%", "50%", "correct"),
        ("face", "5%", "50%", "incorrect"),
    ],
)
def test_percent_rule(rule: Any, response: str, gold: str, status: str) -> None:
    assert grade(response, gold, kind="number", rules=Rules(percent=rule)).status == status


@pytest.mark.parametrize(("tolerance", "status"), [(0.0, "incorrect"), (0.001, "incorrect"), (0.01, "correct")])
def test_tolerance_is_relative_and_off_by_default(tolerance: float, status: str) -> None:
    assert grade("Answer: 100.5", "100", rules=Rules(tolerance=tolerance)).status == status


@pytest.mark.parametrize(("digits", "status"), [(6, "correct"), (0, "incorrect"), (9, "incorrect")])
def test_rounded_decimals_can_be_refused(digits: int, status: str) -> None:
    assert grade("Answer: 0.333333", "1/3", rules=Rules(rounded_digits=digits)).status == status


@pytest.mark.parametrize(
    ("gold", "choices", "kind"),
    [
        ("18", (), "number"),
        ("$1,000$", (), "number"),
        ("3/4", (), "number"),
        ("50\\%", (), "number"),
        ("yes", (), "boolean"),
        ("False", (), "boolean"),
        ("B", (), "choice"),
        ("(B)", (), "choice"),
        ("B", ("x", "y"), "choice"),
        ("y", ("x", "y"), "choice"),
        ("18", ("17", "18"), "choice"),
        ("Paris", (), "text"),
        ("x^2", (), "math"),
        ("\\frac{\\pi}{2}", (), "math"),
        ("(1, 2)", (), "math"),
        ("1,2", (), "math"),
        ("\\boxed{18}", (), "number"),
        ("so 9 * 2 = 18\n#### 18", (), "number"),
        ("", (), "text"),
    ],
)
def test_kind_is_read_off_gold(gold: str, choices: tuple[str, ...], kind: str) -> None:
    assert infer_kind(gold, choices) == kind


@pytest.mark.parametrize(
    "choices",
    [
        ("apple", "banana"),
        ["apple", "banana"],
        (Choice("A", "apple"), Choice("B", "banana")),
        [{"label": "A", "text": "apple"}, {"label": "B", "text": "banana"}],
        {"A": "apple", "B": "banana"},
        {"label": ["A", "B"], "text": ["apple", "banana"]},
    ],
)
def test_options_may_come_in_any_form(choices: Any) -> None:
    assert grade("The answer is banana.", "B", choices=choices).correct


@pytest.mark.parametrize(
    ("response", "kind", "expected"),
    [
        ("The answer is $1,018.50.", "number", "1018.5"),
        ("Answer: 1/3", "number", "1/3"),
        ("Answer: 50%", "number", "50%"),
        ("Answer: (b)", "choice", "B"),
        ("Answer: True", "boolean", "yes"),
        ("Answer: **Paris**.", "text", "Paris"),
        ("\\boxed{\\frac{x}{2}}", "math", "\\frac{x}{2}"),
        ("no idea", "number", None),
    ],
)
def test_extract_writes_the_answer_out(response: str, kind: Any, expected: str | None) -> None:
    assert extract(response, kind) == expected


def test_a_gold_answer_of_another_kind_is_unparsed_and_says_so() -> None:
    verdict = grade("Answer: 18", "a great many", kind="number")
    assert (verdict.status, verdict.rule) == ("unparsed", "bad-gold")
    assert "a great many" in verdict.reason


@pytest.mark.parametrize("kind", ["code", "scorer"])
def test_kinds_without_a_gold_text_are_unparsed(kind: Any) -> None:
    assert grade("Answer: 18", "18", kind=kind).status == "unparsed"


def test_only_the_end_of_a_long_response_is_read() -> None:
    response = "The answer is 18." + " padding" * 10_000
    assert grade(response, "18").status == "unparsed"
    assert grade(response, "18", rules=Rules(window=200_000)).status == "correct"


def test_an_answer_behind_a_long_text_is_found() -> None:
    assert grade("padding " * 100_000 + "The answer is 18.", "18").correct


def test_reasoning_left_open_before_the_window_is_noticed() -> None:
    response = "<think>" + "padding " * 10_000 + "The answer is 18."
    assert grade(response, "18").rule == "open-think"


def test_importing_the_package_is_light() -> None:
    code = "import sys, regenesis.answers; print([n for n in sys.modules if n.split('.')[0] in sys.argv[1:]])"
    heavy = ["sympy", "math_verify", "latex2sympy2_extended", "reasoning_gym", "numpy"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("response", "gold", "status"),
    [
        (r"\boxed{\} )}", "} )", "correct"),
        (r"\boxed{\text{\} \})}}", "} } )", "correct"),
        ("The closing part is left.\n\nAnswer: } }", "} }", "correct"),
        (r"\boxed{)}", "} )", "incorrect"),
        (r"\boxed{>}", ") }  >", "incorrect"),
        (r"\boxed{\} ]}", "} )", "incorrect"),
        (r"\boxed{] >}", "[ >", "incorrect"),
    ],
)
def test_of_an_answer_that_is_brackets_every_bracket_counts(response: str, gold: str, status: str) -> None:
    assert grade(response, gold, kind="text").status == status


PLAIN_ENDINGS = (
    ("x = 54\n\nPaco had 54 beads in the beginning.", "54"),
    ("They called 10 back, which means that 39 of them did not make the cut.", "39"),
    ("Each row has 6 trees.", "6"),
)
NO_PLAIN_ENDINGS = (
    ("Paco had 54 beads and 3 cups.", "54"),
    ("Paco never had 54 beads.", "54"),
    ("Did Paco have 54 beads?", "54"),
    ("Paco had more than 54 beads.", "54"),
    ("First we take 54 beads.", "54"),
    ("It is impossible that 54 of them came.", "54"),
)


@pytest.mark.parametrize(("response", "gold"), PLAIN_ENDINGS)
def test_one_number_of_a_plain_last_sentence_counts_only_where_that_is_switched_on(response: str, gold: str) -> None:
    assert grade(response, gold, kind="number").status == "unparsed"
    verdict = grade(response, gold, kind="number", rules=Rules(plain_sentence=True))
    assert (verdict.status, verdict.rule) == ("correct", "sentence")


@pytest.mark.parametrize(("response", "gold"), NO_PLAIN_ENDINGS)
def test_a_plain_last_sentence_without_one_number_stays_unparsed(response: str, gold: str) -> None:
    assert grade(response, gold, kind="number", rules=Rules(plain_sentence=True)).status == "unparsed"
