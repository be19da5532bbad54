"""A path without its end is asked for the end alone."""

from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.played import completion
from tests.methods.conftest import Lead

from regenesis.methods.regenesis.guidelines import Guideline
from regenesis.types import Message, Request

ONE = (Guideline("one", "Guideline one: think."),)
WORKED = "The first shelf holds 30 books and the second one 12.\n\nTogether they hold 30 + 12 = 42 books."
BEGUN = f"{WORKED}\n\nSo in the end there are"
END = "So there are \\boxed{42} books."
LOOP = "\n".join(["So we add twelve books."] * 9)


def solved(text: str, end: Any = END, *, cut: bool = False) -> Any:
    def answer(request: Request) -> Any:
        if request.stage == "repair":
            return end
        return completion(text, finish_reason="length") if cut else text

    return answer


async def lead_one(lead: Lead, answer: Any, **method: Any) -> Any:
    settings = {"prompts": "guided", "stages": ["solve"], "hint": {"enabled": False}} | method
    led = await lead(answer, guidelines=ONE, **settings)
    (judged,) = led.outcome.judged
    return led, judged


async def test_a_truncated_path_goes_on_behind_its_last_whole_paragraph(lead: Lead) -> None:
    led, judged = await lead_one(lead, solved(BEGUN, cut=True))
    assert led.engine.stages() == ["solve", "repair"]
    assert judged.path.text == f"{WORKED}\n\n{END}"
    assert (judged.verdict.correct, judged.defect, judged.path.truncated) == (True, None, False)
    assert led.outcome.kept == (judged,)


async def test_the_end_is_asked_for_in_the_chat_of_the_path(lead: Lead) -> None:
    led, _ = await lead_one(lead, solved(BEGUN, cut=True))
    solve, repair = led.engine.asked
    assert repair.messages[:-1] == (*solve.messages, Message("assistant", WORKED))
    assert "stops in the middle" in repair.messages[-1].content
    assert repair.sampling.max_tokens == led.config.method.repair_tokens


async def test_a_path_that_only_lacks_its_box_is_given_one(lead: Lead) -> None:
    led, judged = await lead_one(lead, solved(f"{WORKED}\n\nThe answer is 42."))
    assert led.engine.stages() == ["solve", "repair"]
    assert judged.path.text.endswith(f"The answer is 42.\n\n{END}")
    assert judged.defect is None
    assert "stops in the middle" not in led.engine.asked[-1].messages[-1].content


async def test_both_replies_count_as_tokens_of_the_path(lead: Lead) -> None:
    _, judged = await lead_one(lead, solved(BEGUN, cut=True))
    assert judged.path.tokens == sum(completion(text).reply_tokens for text in (BEGUN, END))
    assert [stage for stage, _, _ in judged.path.steps] == ["solve", "repair"]


async def test_a_program_that_was_broken_off_goes_with_what_announced_it(lead: Lead) -> None:
    begun = f"{WORKED}\n\nLet us check that with a program.\n```python\nfirst = 30\n\nsecond = "
    _, judged = await lead_one(lead, solved(begun, cut=True))
    assert judged.path.text == f"{WORKED}\n\n{END}"


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        pytest.param(f"{WORKED}\n\n{END}", False, id="whole and right"),
        pytest.param(f"{WORKED.replace('42', '41')}\n\nThe answer is 41.", False, id="wrong without a box"),
        pytest.param(f"{WORKED}\n\nSo \\boxed{{41}} it is, which", True, id="truncated behind a wrong box"),
        pytest.param(f"{WORKED}\n\n{LOOP}", True, id="a loop"),
        pytest.param("The first shelf holds 30 books and the second", True, id="no whole paragraph"),
    ],
)
async def test_where_an_end_would_not_help_none_is_asked_for(lead: Lead, text: str, cut: bool) -> None:
    led, judged = await lead_one(lead, solved(text, cut=cut))
    assert led.engine.stages() == ["solve"]
    assert judged.path.text == text


@pytest.mark.parametrize("end", ["", completion("and then, further", finish_reason="length")])
async def test_an_end_that_does_not_come_leaves_the_path_unfit(lead: Lead, end: Any) -> None:
    led, judged = await lead_one(lead, solved(BEGUN, end, cut=True))
    assert judged.defect == "truncated"
    assert not led.outcome.kept


async def test_without_the_switch_no_end_is_asked_for(lead: Lead) -> None:
    led, _ = await lead_one(lead, solved(BEGUN, cut=True), repair=False)
    assert led.engine.stages() == ["solve"]


async def test_a_set_without_a_template_for_it_asks_for_no_end(lead: Lead) -> None:
    led, _ = await lead_one(lead, solved(BEGUN, cut=True), prompts="one-chat")
    assert led.engine.stages() == ["solve"]
