from __future__ import annotations

import pytest
from tests.helpers.played import SOLUTION, question

from regenesis.answers import Rules, check


async def test_without_gold_what_was_read_is_said_and_nothing_is_right() -> None:
    found = await check(SOLUTION, question(gold=None))
    assert (found.status, found.extracted) == ("incorrect", "42")
    assert (await check("I do not know.", question(gold=None))).status == "unparsed"


@pytest.mark.parametrize(("gold", "status"), [("\\frac{1}{2}", "correct"), ("\\frac{1}{3}", "incorrect")])
async def test_formulas_are_checked_off_the_event_loop(gold: str, status: str) -> None:
    found = await check("So it is \\boxed{\\frac{2}{4}}.", question(gold=gold, kind="math"))
    assert found.status == status


PROGRAM = "Here it is.\n```python\ndef double(n):\n    return 2 * n\n```"


async def test_a_program_is_run_only_where_the_rules_say_so() -> None:
    asked = question(gold="assert double(4) == 8", kind="code")
    assert (await check(PROGRAM, asked)).status == "unparsed"
    assert (await check(PROGRAM, asked, Rules(run_programs=True))).status == "correct"
