from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from tests.helpers.played import PLAN, REFUSED, SOLUTION, completion, play, question
from tests.methods.conftest import Lead, Led

from regenesis.answers import grade
from regenesis.errors import EngineError, RequestFailed
from regenesis.methods.regenesis.guidelines import Guideline, load_guidelines
from regenesis.types import Completion, Request

THREE = tuple(Guideline(name, f"Guideline {name}: think.") for name in ("one", "two", "three"))
OTHER = SOLUTION.replace("42", "41")
BARE = "The answer is \\boxed{42}."
CUT = completion("Look at the shelves and", finish_reason="length")
LOOP = "\n".join(["1. Count the books.", "2. Add them up."] * 5)
WORKED_OUT = "1. The first shelf holds 30.\n2. Together they hold 30 + 12 = 42 books."


def staged(**texts: Any) -> Any:
    """An answer by stage; what is left out is answered as a chain that goes well would be."""
    usual = {"adapt": "Look at the shelves one by one.", "structure": PLAN, "solve": SOLUTION, "select": "1, 2"}

    def answer(request: Request) -> Any:
        said = (usual | texts)[request.stage]
        return said(request) if callable(said) else said

    return answer


def summary(led: Led) -> list[tuple[str, bool, str, str | None]]:
    return [(one.path.guideline, one.path.hinted, one.verdict.status, one.defect) for one in led.outcome.judged]


def by_sample(first: Any, second: Any) -> Any:
    return lambda request: second if request.sample else first


# one chain


async def test_a_chain_asks_its_stages_in_order(lead: Lead) -> None:
    led = await lead(staged(), guidelines=THREE[:1])
    assert led.engine.stages() == ["adapt", "structure", "solve"]
    (judged,) = led.outcome.judged
    assert [stage for stage, _, _ in judged.path.steps] == ["adapt", "structure", "solve"]
    assert [key for _, key, _ in judged.path.steps] == [one.key for one in led.engine.asked]
    assert (judged.path.text, judged.path.method, judged.path.guideline) == (SOLUTION, "regenesis", "one")
    assert led.outcome.kept == (judged,)


async def test_in_one_chat_every_stage_goes_on_from_the_one_before_question_first(lead: Lead) -> None:
    one = question(text="  Odd {{ spacing }}?\n\n[[gold=42]]".strip())
    led = await lead(play, of=one, guidelines=THREE, prompts="one-chat")
    chains: dict[str, list[Request]] = {}
    for request in led.engine.asked:
        first, *_ = request.messages
        assert first.content.startswith(one.text)
        chains.setdefault(first.content, []).append(request)
    assert len(chains) == 3
    for requests in chains.values():
        for earlier, later in pairwise(requests):
            if later.sample == 0:
                assert later.messages[: len(earlier.messages)] == earlier.messages
        assert [message.role for message in requests[-1].messages] == ["user", "assistant"] * 2 + ["user"]


async def test_in_the_paper_set_each_stage_is_a_chat_of_its_own_question_last(lead: Lead) -> None:
    paper = await lead(staged(), preset="paper", guidelines=THREE[:1], selections=0, summarise=False, self_judge="off")
    for request, earlier in zip(paper.engine.asked, ("Guideline one", "Look at the shelves", PLAN), strict=True):
        (message,) = request.messages
        assert message.content.index(earlier) < message.content.index(question().text)


async def test_stages_have_the_sampling_and_limits_of_the_config(lead: Lead) -> None:
    led = await lead(
        staged(),
        guidelines=THREE[:1],
        sampling={"temperature": 0.3, "top_p": 0.5, "max_tokens": 300},
        adapt_tokens=50,
        structure_tokens=None,
        selections=1,
    )
    limits = {request.stage: request.sampling.max_tokens for request in led.engine.asked}
    assert limits == {"adapt": 50, "structure": 300, "solve": 300, "select": 64}
    assert {(request.sampling.temperature, request.sampling.top_p) for request in led.engine.asked} == {(0.3, 0.5)}


@pytest.mark.parametrize(
    ("stage", "asked"),
    [("adapt", ["adapt"]), ("structure", ["adapt", "structure"]), ("solve", ["adapt", "structure", "solve"])],
)
@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (REFUSED, "refused"),
        (replace(REFUSED, finish_reason="filtered"), "filtered"),
        ("", "broken"),
        (" \n\t", "broken"),
        (Completion("", "length", 9, 50, "played", 0.1, thought="per week?", thought_tokens=50), "thought_truncated"),
        (Completion("", "length", 9, 50, "played", 0.1, thought_tokens=50), "thought_truncated"),
        (Completion("\n", "stop", 9, 50, "played", 0.1, thought="per week?", thought_tokens=50), "thought_only"),
    ],
    ids=["refused", "filtered", "empty", "blank", "cut inside its thought", "cut, thought hidden", "only a thought"],
)
async def test_a_stage_refused_or_empty_breaks_its_chain_alone(
    lead: Lead, stage: str, asked: list[str], reply: Any, fault: str
) -> None:
    def one_breaks(request: Request) -> Any:
        broken = any("Guideline two" in message.content for message in request.messages)
        return reply if broken and request.stage == stage else staged()(request)

    led = await lead(one_breaks, guidelines=THREE)
    of_two = [one for one in led.outcome.judged if one.path.guideline == "two"]
    assert [one.defect for one in of_two] == [f"{fault}_{stage}"]
    assert [name for name, _, _ in of_two[0].path.steps] == asked
    assert (of_two[0].verdict.status, of_two[0].path.text) == ("unparsed", "")
    assert sorted(one.path.guideline for one in led.outcome.judged if one.keepable) == ["one", "three"]


async def test_later_stages_and_the_path_see_replies_alone(lead: Lead) -> None:
    def thinking(request: Request) -> Completion:
        reply = staged()(request)
        assert isinstance(reply, str)
        return replace(completion(reply), completion_tokens=900, thought="the hint says 42", thought_tokens=800)

    led = await lead(thinking, guidelines=THREE[:1])
    assert all("the hint says" not in message.content for request in led.engine.asked for message in request.messages)
    (judged,) = led.outcome.kept
    assert (judged.path.tokens, judged.defect) == (100, None)
    assert "the hint says" not in judged.training_text


@pytest.mark.parametrize(
    ("stage", "asks_again", "defect"),
    [
        ("adapt", False, "thought_truncated_adapt"),
        ("structure", False, "thought_truncated_structure"),
        ("structure", True, "thought_truncated_structure"),
        # nothing yet has shown that the model thinks
        ("adapt", True, "truncated_adapt"),
    ],
)
async def test_where_a_model_thinks_a_text_without_its_thought_that_was_cut_is_the_thought(
    lead: Lead, stage: str, asks_again: bool, defect: str
) -> None:
    def primed(request: Request) -> Completion:
        reply = staged()(request)
        assert isinstance(reply, str)
        if request.stage == stage:
            return completion("Okay, let me see whether", finish_reason="length")
        return replace(completion(reply), thought="per week?", thought_tokens=1)

    led = await lead(primed, guidelines=THREE[:1], hint={"enabled": False}, retry_unusable=asks_again)
    assert [one.defect for one in led.outcome.judged] == [defect]


async def test_where_a_model_does_not_think_a_stage_that_was_cut_goes_on_if_nothing_is_asked_again(lead: Lead) -> None:
    led = await lead(staged(adapt=CUT), guidelines=THREE[:1], retry_unusable=False)
    assert [one.defect for one in led.outcome.judged] == [None]


async def test_a_path_cut_at_the_limit_is_not_kept(lead: Lead) -> None:
    led = await lead(
        staged(solve=completion(SOLUTION, finish_reason="length")), guidelines=THREE[:1], hint={"enabled": False}
    )
    assert summary(led) == [("one", False, "correct", "truncated")]
    assert led.outcome.kept == ()


@pytest.mark.parametrize("error", [RequestFailed("kept failing"), EngineError("down")])
async def test_what_the_engine_raises_is_passed_on(lead: Lead, error: Exception) -> None:
    with pytest.raises(type(error)):
        await lead(staged(structure=error), guidelines=THREE)


# asking again


@pytest.mark.parametrize(("stage", "faulty"), [("adapt", CUT), ("structure", CUT), ("structure", LOOP)])
async def test_what_leads_a_chain_is_asked_for_once_more_where_it_was_cut_or_loops(
    lead: Lead, stage: str, faulty: Any
) -> None:
    led = await lead(staged(**{stage: by_sample(faulty, PLAN)}), guidelines=THREE[:1])
    (judged,) = led.outcome.judged
    assert (judged.path.retries, judged.defect) == ((stage,), None)
    assert {name: text for name, _, text in judged.path.steps}[stage] == PLAN


@pytest.mark.parametrize(
    ("stage", "faulty", "defect"),
    [
        ("adapt", CUT, "truncated_adapt"),
        ("structure", CUT, "truncated_structure"),
        ("structure", LOOP, "looping_structure"),
    ],
)
async def test_what_was_cut_or_loops_twice_breaks_the_chain(lead: Lead, stage: str, faulty: Any, defect: str) -> None:
    led = await lead(staged(**{stage: faulty}), guidelines=THREE[:1], hint={"enabled": False})
    assert [one.defect for one in led.outcome.judged] == [defect]
    assert [one.sample for one in led.engine.of_stage(stage)] == [0, 1]
    assert led.engine.of_stage("solve") == []


async def test_a_plan_that_holds_results_stays_where_the_second_loops(lead: Lead) -> None:
    led = await lead(staged(structure=by_sample(WORKED_OUT, LOOP)), guidelines=THREE[:1])
    assert led.engine.asked[-1].messages[-2].content == WORKED_OUT


async def test_a_path_that_repeats_its_plan_is_asked_for_once_more(lead: Lead) -> None:
    copied = f"{PLAN}\n\n\\boxed{{42}}"
    led = await lead(staged(solve=by_sample(copied, SOLUTION)), guidelines=THREE[:1])
    (judged,) = led.outcome.judged
    assert (judged.path.retries, judged.path.text) == (("solve",), SOLUTION)


async def test_a_structure_that_holds_results_is_asked_for_once_more(lead: Lead) -> None:
    led = await lead(staged(structure=by_sample(WORKED_OUT, PLAN)), guidelines=THREE[:1])
    assert led.engine.stages() == ["adapt", "structure", "structure", "solve"]
    assert [one.sample for one in led.engine.asked] == [0, 0, 1, 0]
    path = led.outcome.judged[0].path
    assert path.retries == ("structure",)
    assert {stage: text for stage, _, text in path.steps}["structure"] == PLAN
    assert led.engine.asked[-1].messages[-2].content == PLAN


async def test_the_second_structure_is_taken_whatever_it_holds(lead: Lead) -> None:
    led = await lead(staged(structure=WORKED_OUT), guidelines=THREE[:1])
    assert led.engine.stages() == ["adapt", "structure", "structure", "solve"]


@pytest.mark.parametrize("nothing", [REFUSED, ""])
async def test_a_second_structure_that_is_nothing_leaves_the_first_in_its_place(lead: Lead, nothing: Any) -> None:
    led = await lead(staged(structure=by_sample(WORKED_OUT, nothing)), guidelines=THREE[:1])
    path = led.outcome.judged[0].path
    first = led.engine.of_stage("structure")[0]
    assert ("structure", first.key, WORKED_OUT) in path.steps
    assert led.engine.asked[-1].messages[-2].content == WORKED_OUT
    assert len(led.outcome.kept) == 1


async def test_a_path_without_steps_is_asked_for_once_more(lead: Lead) -> None:
    led = await lead(staged(solve=by_sample(BARE, SOLUTION)), guidelines=THREE[:1])
    assert led.engine.stages() == ["adapt", "structure", "solve", "solve"]
    (judged,) = led.outcome.judged
    assert (judged.path.retries, judged.path.text) == (("solve",), SOLUTION)
    assert judged.path.steps[-1][1] == led.engine.asked[-1].key
    assert len(judged.path.steps) == 3


async def test_a_second_path_without_steps_is_left_at_that(lead: Lead) -> None:
    led = await lead(staged(solve=BARE), guidelines=THREE[:1], hint={"enabled": False})
    assert led.engine.stages() == ["adapt", "structure", "solve", "solve"]
    assert led.outcome.judged[0].defect == "no_steps"
    assert led.outcome.kept == ()


async def test_nothing_is_asked_again_if_the_config_says_so(lead: Lead) -> None:
    led = await lead(
        staged(structure=WORKED_OUT, solve=BARE), guidelines=THREE[:1], retry_unusable=False, hint={"enabled": False}
    )
    assert led.engine.stages() == ["adapt", "structure", "solve"]
    assert led.outcome.judged[0].path.retries == ()


# selections


@pytest.mark.parametrize(
    ("reply", "chosen"),
    [
        ("1, 3", "one+three"),
        ("3, 1", "three+one"),
        ("1, 2, 3", "one+two+three"),
        ("I choose 2 and 3.", "two+three"),
        ("2\n3", "two+three"),
        ("1, 1, 2", "one+two"),
        ("2, 99, 3", "two+three"),
        ("0, 2, 1", "two+one"),
        ("1, 2, 3, 1, 2", "one+two+three"),
        ("1", None),
        ("2, 2, 2", None),
        ("7, 99", None),
        ("none of them", None),
        ("99999999999999999999999, 1, 2", "one+two"),
        ("٢, ٣", "two+three"),
        ("x" * 5000 + " 1, 2", None),
    ],
)
async def test_a_selection_is_read_as_two_or_three_numbers(lead: Lead, reply: str, chosen: str | None) -> None:
    led = await lead(staged(select=reply), guidelines=THREE, selections=1, hint={"enabled": False})
    judged = led.outcome.judged[-1]
    if chosen is None:
        assert (judged.path.guideline, judged.defect) == ("selection-0", "selection_unread")
        assert [stage for stage, _, _ in judged.path.steps] == ["select"]
    else:
        assert (judged.path.guideline, judged.defect) == (chosen, None)
        adapt = next(request for request in led.engine.of_stage("adapt") if request.key == judged.path.steps[1][1])
        texts = [f"Guideline {name}: think." for name in chosen.split("+")]
        assert " ".join(texts) in adapt.messages[0].content


async def test_a_refused_selection_breaks_its_chain_alone(lead: Lead) -> None:
    led = await lead(staged(select=REFUSED), guidelines=THREE, selections=2)
    assert Counter(one.defect for one in led.outcome.judged) == {None: 3, "refused_select": 2}


async def test_selections_of_one_question_are_sampled_apart(lead: Lead) -> None:
    led = await lead(play, selections=4, guidelines=None, stop_early=False, hint={"enabled": False})
    selects = led.engine.of_stage("select")
    assert len({one.seed for one in selects}) == len({one.key for one in selects}) == 4


# waves and stopping early


def right_for(*names: str) -> Any:
    """Solves rightly for these guidelines alone, each in words of its own."""

    def solve(request: Request) -> str:
        chat = request.messages[0].content
        for name in names:
            if f"Guideline {name}:" in chat:
                words = " ".join(f"{name}{number}" for number in range(20))
                return SOLUTION.replace("first shelf", f"first shelf of {words}")
        return OTHER

    return staged(solve=solve)


MANY = tuple(Guideline(f"g{number}", f"Guideline g{number}: think.") for number in range(12))


@pytest.mark.parametrize(
    ("keep", "wave", "chains"), [(2, 4, 4), (4, 4, 4), (5, 4, 8), (3, 1, 3), (12, 5, 12), (1, 12, 12)]
)
async def test_a_question_stops_asking_after_the_wave_in_which_it_has_enough(
    lead: Lead, keep: int, wave: int, chains: int
) -> None:
    led = await lead(right_for(*(one.id for one in MANY)), guidelines=MANY, keep=keep, wave=wave)
    assert len(led.outcome.judged) == chains
    assert len(led.outcome.kept) == keep


@pytest.mark.parametrize(
    ("keep", "wave", "right", "chains"),
    [
        (2, 4, 12, 2),  # 2
        (5, 4, 12, 5),  # 4, and the one that is missing
        (3, 4, 0, 12),  # 3, 4, 4, and no more guidelines
        (1, 1, 12, 1),
    ],
)
async def test_an_adaptive_wave_is_what_is_missing_and_a_chain_more_for_every_three_lost(
    lead: Lead, keep: int, wave: int, right: int, chains: int
) -> None:
    names = [one.id for one in MANY[:right]]
    led = await lead(
        right_for(*names), guidelines=MANY, keep=keep, wave=wave, adaptive_waves=True, hint={"enabled": False}
    )
    assert len(led.outcome.judged) == chains
    assert len(led.outcome.kept) == min(keep, right)


@pytest.mark.parametrize(("give_up", "wave", "chains"), [(8, 4, 8), (5, 4, 8), (1, 2, 2), (None, 4, 12), (20, 4, 12)])
async def test_a_question_is_given_up_after_so_many_chains_without_a_right_one(
    lead: Lead, give_up: int | None, wave: int, chains: int
) -> None:
    led = await lead(staged(solve=OTHER), guidelines=MANY, wave=wave, give_up=give_up, hint={"guidelines": 2})
    assert [one.path.hinted for one in led.outcome.judged] == [False] * chains + [True, True]


async def test_a_question_with_a_right_path_is_not_given_up(lead: Lead) -> None:
    led = await lead(right_for("g0"), guidelines=MANY, wave=12, give_up=1, keep=2)
    assert len(led.outcome.judged) == 12


async def test_without_gold_nothing_is_given_up_before_the_vote(lead: Lead) -> None:
    led = await lead(
        staged(solve=OTHER), of=question(gold=None), guidelines=MANY, wave=4, give_up=4, adaptive_waves=True
    )
    assert len(led.outcome.judged) == 12


@pytest.mark.parametrize(("rate", "kept"), [(0.3, 1), (0.5, 0)])
async def test_a_question_that_is_too_seldom_right_keeps_nothing(lead: Lead, rate: float, kept: int) -> None:
    replies = iter([SOLUTION, OTHER, OTHER])
    led = await lead(
        staged(solve=lambda request: next(replies)),
        guidelines=THREE,
        wave=1,
        keep=2,
        curation={"min_pass_rate": rate},
    )
    assert [(one.verdict.correct, one.path.hinted) for one in led.outcome.judged] == [
        (True, False),
        (False, False),
        (False, False),
    ]
    assert len(led.outcome.kept) == kept


async def test_without_early_stop_every_guideline_is_tried(lead: Lead) -> None:
    led = await lead(right_for(*(one.id for one in MANY)), guidelines=MANY, keep=1, wave=3, stop_early=False)
    assert len(led.outcome.judged) == 12
    assert len(led.outcome.kept) == 1


async def test_the_order_of_guidelines_is_the_questions_own(lead: Lead) -> None:
    orders = [
        [one.path.guideline for one in (await lead(play, of=question(number), stop_early=False)).outcome.judged[:25]]
        for number in (1, 2, 1)
    ]
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(one.id for one in load_guidelines())


async def test_at_most_so_many_guidelines_are_tried(lead: Lead) -> None:
    led = await lead(staged(solve=OTHER), guidelines=MANY, hint={"enabled": False})
    few = await lead(staged(solve=OTHER), guidelines=MANY, hint={"enabled": False}, wave=2)
    assert len(led.outcome.judged) == len(few.outcome.judged) == 12
    some = await lead(staged(solve=OTHER), preset="quick", guidelines=MANY, hint={"enabled": False})
    assert len(some.outcome.judged) == some.config.method.guidelines


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_asked_does_not_depend_on_which_reply_comes_first(lead: Lead, seed: int) -> None:
    drawn = random.Random(seed)

    async def wait(request: Request) -> None:
        for _ in range(drawn.randrange(30)):
            await asyncio.sleep(0)

    calm = await lead(play, selections=3, keep=4)
    stormy = await lead(play, selections=3, keep=4, before=wait, capacity=1 + 5 * seed)
    assert {one.key for one in calm.engine.asked} == {one.key for one in stormy.engine.asked}
    assert calm.outcome == stormy.outcome


# the hint pass


async def test_a_question_that_kept_nothing_is_tried_again_with_the_answer_as_a_hint(lead: Lead) -> None:
    def only_with_a_hint(request: Request) -> Any:
        hinted = any("the right answer is 42" in message.content for message in request.messages)
        return staged()(request) if hinted or request.stage != "solve" else OTHER

    led = await lead(only_with_a_hint, hint={"guidelines": 4, "temperature": 0.25})
    first, hinted = led.outcome.judged[:25], led.outcome.judged[25:]
    assert not any(one.path.hinted for one in first)
    assert [one.path.hinted for one in hinted] == [True] * 4
    assert all(one.path.hinted for one in led.outcome.kept)
    revising = {one.id for one in load_guidelines() if one.revises}
    assert not revising & {one.path.guideline for one in hinted}
    assert revising < {one.path.guideline for one in first}
    asked = led.engine.asked[-12:]
    assert {one.sampling.temperature for one in asked} == {0.25}
    assert not {one.seed for one in asked} & {one.seed for one in led.engine.asked[:-12]}


async def test_in_the_hint_pass_all_that_suit_are_tried_and_offered(lead: Lead) -> None:
    led = await lead(staged(solve=OTHER), hint={"guidelines": None, "selections": 2}, stop_early=False, selections=2)
    assert Counter(one.path.hinted for one in led.outcome.judged) == {False: 27, True: 24}
    offers = [one.messages[0].content for one in led.engine.of_stage("select")]
    assert [("25." in offer, "22." in offer) for offer in offers] == [(True, True)] * 2 + [(False, True)] * 2


@pytest.mark.parametrize(
    ("gold", "solve", "method"),
    [
        ("42", SOLUTION, {}),
        (None, SOLUTION, {}),
        (None, OTHER, {"vote": "never"}),
        ("42", OTHER, {"hint": {"enabled": False}}),
        ("41", SOLUTION, {"vote": "always"}),
    ],
    ids=["kept", "voted", "no gold", "off", "voted on request"],
)
async def test_there_is_no_hint_pass(lead: Lead, gold: str | None, solve: str, method: dict[str, Any]) -> None:
    led = await lead(staged(solve=solve), of=question(gold=gold), guidelines=THREE, **method)
    assert not any(one.path.hinted for one in led.outcome.judged)
    assert len(led.outcome.judged) == 3


async def test_the_hint_pass_too_stops_early(lead: Lead) -> None:
    def only_with_a_hint(request: Request) -> Any:
        hinted = any("right answer is 42" in message.content for message in request.messages)
        words = " ".join(f"w{request.seed % 997}x{number}" for number in range(30))
        return SOLUTION.replace("first shelf", f"first shelf {words}") if hinted else OTHER

    led = await lead(staged(solve=only_with_a_hint), hint={"guidelines": None}, guidelines=MANY, keep=2, wave=3)
    assert Counter(one.path.hinted for one in led.outcome.judged) == {False: 12, True: 3}
    assert len(led.outcome.kept) == 2


# the vote


def answers(*values: int) -> Any:
    """Solves with these answers, chain by chain of `MANY` in the order of its guidelines' numbers."""

    def solve(request: Request) -> str:
        chat = request.messages[0].content
        number = next(index for index in range(len(MANY)) if f"Guideline g{index}:" in chat)
        words = " ".join(f"v{number}x{index}" for index in range(20))
        value = values[number]
        steps = f"1. Take {words}.\n2. Then {value - 12} + 12 = {value}.\n3. It is done."
        return f"{steps}\n\nThe answer is \\boxed{{{value}}}."

    return staged(solve=solve)


@pytest.mark.parametrize(
    ("values", "method", "kept"),
    [
        ((7, 7, 7, 8), {}, {7}),
        ((7, 7, 8, 8), {}, set()),
        ((7, 8, 9, 10), {}, set()),
        ((7, 7, 8, 9), {"min_votes": 3}, set()),
        ((7, 7, 7, 9), {"min_votes": 3}, {7}),
        ((7, 8), {"min_votes": 1}, set()),
        ((7,), {"min_votes": 1}, {7}),
    ],
    ids=["majority", "tie", "all differ", "too few", "just enough", "tie of one", "one alone"],
)
async def test_without_gold_the_majority_stands_in_for_it(
    lead: Lead, values: tuple[int, ...], method: dict[str, Any], kept: set[int]
) -> None:
    led = await lead(answers(*values), of=question(gold=None), guidelines=MANY[: len(values)], wave=1, **method)
    assert len(led.outcome.judged) == len(values)  # a vote needs all of its voters
    assert {int(one.verdict.extracted or 0) for one in led.outcome.kept} == kept
    assert {one.verdict.rule for one in led.outcome.judged} == {"vote"}


async def test_on_request_the_majority_stands_in_for_a_gold_answer_too(lead: Lead) -> None:
    led = await lead(answers(7, 7, 42), of=question(gold="42"), guidelines=MANY[:3], vote="always")
    assert {one.verdict.extracted for one in led.outcome.kept} == {"7"}


async def test_a_vote_on_request_hears_every_voter_though_right_paths_would_be_enough(lead: Lead) -> None:
    values = (42, 42, 42, 7, 7, 7, 7)
    asked = {"of": question(gold="42"), "guidelines": MANY[:7], "keep": 1, "wave": 1}
    graded = await lead(answers(*values), **asked)
    voted = await lead(answers(*values), **asked, vote="always")
    assert len(graded.outcome.judged) < len(voted.outcome.judged) == 7
    assert [one.verdict.extracted for one in graded.outcome.kept] == ["42"]
    assert [one.verdict.extracted for one in voted.outcome.kept] == ["7"]


async def test_a_tie_on_request_keeps_nothing_and_shows_no_hint(lead: Lead) -> None:
    led = await lead(answers(42, 7), of=question(gold="42"), guidelines=MANY[:2], vote="always")
    assert led.outcome.kept == ()
    assert {(one.verdict.status, one.verdict.rule, one.path.hinted) for one in led.outcome.judged} == {
        ("incorrect", "vote", False)
    }


async def test_where_nothing_can_be_read_nothing_is_voted_for(lead: Lead) -> None:
    led = await lead(staged(solve="I do not know.\nSorry."), of=question(gold=None), guidelines=THREE)
    assert {one.verdict.status for one in led.outcome.judged} == {"unparsed"}
    assert led.outcome.kept == ()


# the published procedure


async def test_the_paper_preset_makes_245_calls_for_a_question(lead: Lead) -> None:
    led = await lead(play, preset="paper", hint={"enabled": False})
    assert Counter(led.engine.stages()) == {
        "select": 20,
        "adapt": 45,
        "structure": 45,
        "solve": 45,
        "summarise": 45,
        "judge": 45,
    }
    assert len(led.engine.asked) == len({one.key for one in led.engine.asked}) == 245
    assert len(led.outcome.judged) == 45
    assert len(led.outcome.kept) == 5


async def test_the_judge_sees_the_gold_answer_and_must_say_yes(lead: Lead) -> None:
    agree = staged(summarise="\\boxed{42}", judge="Yes.")
    led = await lead(agree, guidelines=THREE, preset="paper", selections=0)
    assert all("42" in one.messages[-1].content for one in led.engine.of_stage("judge"))
    assert led.outcome.kept
    for word in ("No.", "Perhaps.", REFUSED):
        led = await lead(
            staged(summarise="\\boxed{42}", judge=word),
            guidelines=THREE,
            preset="paper",
            selections=0,
            hint={"enabled": False},
        )
        assert {one.verdict.status for one in led.outcome.judged} == {"incorrect"}
        assert led.outcome.kept == ()


async def test_as_a_tie_break_the_judge_is_asked_only_of_what_the_checker_cannot_read(lead: Lead) -> None:
    vague = SOLUTION.replace("The final answer is \\boxed{42}.", "The final answer is \\boxed{as many as that}.")
    for solve, word, asked, kept in (
        (SOLUTION, "No.", 0, 1),
        (vague, "Yes.", 1, 1),
        (vague, "No.", 1, 0),
        (OTHER, "Yes.", 0, 0),
    ):
        answer = staged(solve=solve, judge=word)
        led = await lead(answer, guidelines=THREE[:1], self_judge="tie-break", hint={"enabled": False})
        assert (len(led.engine.of_stage("judge")), len(led.outcome.kept)) == (asked, kept)


async def test_what_the_judge_said_of_a_path_is_not_taken_for_one_asked_again(lead: Lead) -> None:
    unread, vague = "That settles it.", SOLUTION.replace("The final answer is \\boxed{42}.", "That settles it.")
    answer = staged(solve=by_sample(unread, vague), judge=by_sample("Yes.", "No."))
    led = await lead(answer, guidelines=THREE[:1], self_judge="tie-break", hint={"enabled": False})
    assert led.engine.stages()[2:] == ["solve", "judge", "solve", "judge"]
    (judged,) = led.outcome.judged
    assert [key for _, key, _ in judged.path.steps[-2:]] == [one.key for one in led.engine.asked[-2:]]
    assert judged.verdict.status == "incorrect"
    assert led.outcome.kept == ()


async def test_the_published_training_text_opens_with_its_list_and_has_no_box(lead: Lead) -> None:
    talk = "Sure, here is my solution.\n\n" + SOLUTION
    led = await lead(
        staged(solve=talk, summarise="\\boxed{42}", judge="Yes."), guidelines=THREE, preset="paper", selections=0
    )
    for one in led.outcome.kept:
        assert "\\boxed" not in one.training_text
        assert "Sure" not in one.training_text
        assert "42" in one.training_text


# what is kept


@pytest.mark.parametrize("number", range(6))
async def test_no_kept_path_is_wrong_by_the_checker(lead: Lead, number: int) -> None:
    one = question(number, gold=str(100 - 37 * number))
    led = await lead(play, of=one, keep=10, stop_early=False)
    assert 0 < len(led.outcome.kept) <= 10
    assert any(not judged.verdict.correct for judged in led.outcome.judged)
    for judged in led.outcome.kept:
        assert judged in led.outcome.judged
        assert grade(judged.training_text, one.gold or "", kind=one.kind).correct
    assert len({judged.path.guideline for judged in led.outcome.kept}) == len(led.outcome.kept)


async def test_a_path_that_talks_of_its_hint_is_not_kept(lead: Lead) -> None:
    leaky = SOLUTION.replace("1. The first", "1. As the hint says, the right answer is 42. The first")
    led = await lead(
        staged(solve=lambda request: leaky if "right answer is" in request.messages[0].content else OTHER),
        guidelines=THREE,
    )
    hinted = [one for one in led.outcome.judged if one.path.hinted]
    assert {one.defect for one in hinted} == {"leak"}
    assert led.outcome.kept == ()


async def test_the_same_path_from_several_guidelines_is_kept_once(lead: Lead) -> None:
    led = await lead(staged(), guidelines=THREE)
    assert [one.keepable for one in led.outcome.judged] == [True] * 3
    assert len(led.outcome.kept) == 1


async def test_no_guideline_left_for_a_hint_is_no_trouble(lead: Lead) -> None:
    led = await lead(staged(solve=OTHER), guidelines=[replace(one, revises=True) for one in THREE])
    assert len(led.outcome.judged) == 3
