from __future__ import annotations

from typing import Any

import pytest

from regenesis.answers import combine, read_judgement
from regenesis.types import Verdict


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("Yes", True),
        ("yes.", True),
        ("**Yes**", True),
        ("No, the solution gives 17.", False),
        ("Yes, both are 18.", True),
        ("The two values agree.\nYes", True),
        ("The answer is no.", False),
        ("<think>Yes?</think>No", False),
        ("Answer: Yes", True),
        ("Yes or no? I cannot tell.", None),
        ("It depends.", None),
        ("", None),
        ("Yes ... on second thought, no.", None),
    ],
)
def test_a_reply_is_read_as_yes_or_no(reply: str, said: bool | None) -> None:
    assert read_judgement(reply) is said


@pytest.mark.parametrize(
    ("mode", "status", "judgement", "expected"),
    [
        ("off", "correct", False, "correct"),
        ("off", "unparsed", True, "unparsed"),
        ("and", "correct", True, "correct"),
        ("and", "correct", False, "incorrect"),
        ("and", "correct", None, "incorrect"),
        ("and", "incorrect", True, "incorrect"),
        ("and", "unparsed", True, "unparsed"),
        ("tie-break", "unparsed", True, "correct"),
        ("tie-break", "unparsed", False, "incorrect"),
        ("tie-break", "unparsed", None, "unparsed"),
        ("tie-break", "correct", False, "correct"),
        ("tie-break", "incorrect", True, "incorrect"),
    ],
)
def test_modes(mode: Any, status: Any, judgement: bool | None, expected: str) -> None:
    verdict = Verdict(status, "18", "as read", "box")
    combined = combine(verdict, judgement, mode)
    assert combined.status == expected
    assert combined.extracted == "18"
    assert combined.rule.startswith("judge") == (combined.status != status)
