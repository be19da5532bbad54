"""Several paths from one lead."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from tests.helpers.played import SOLUTION, completion, question
from tests.methods.conftest import Lead
from tests.methods.regenesis.test_method import BARE, LOOP, OTHER, THREE, staged

from regenesis.config import config_from_mapping
from regenesis.errors import ConfigError
from regenesis.methods import make_method
from regenesis.prompts import load_answering
from regenesis.types import Completion, Request


def by_solve(*replies: str | Completion) -> object:
    """A reply for each of a chain's paths; one asked again gets its neighbour's."""
    return lambda request: replies[request.sample // 2 if len(replies) < 4 else request.sample]


async def test_paths_of_one_structure_share_its_requests_and_ask_one_each(lead: Lead) -> None:
    led = await lead(staged(solve=by_solve(SOLUTION, OTHER, SOLUTION)), guidelines=THREE[:1], solves=3)
    assert led.engine.stages() == ["adapt", "structure", "solve", "solve", "solve"]
    assert [one.verdict.correct for one in led.outcome.judged] == [True, False, True]
    steps = [one.path.steps for one in led.outcome.judged]
    assert len({one[:2] for one in steps}) == 1
    assert len({one[2][1] for one in steps}) == 3


async def test_the_first_path_is_the_one_that_a_chain_of_one_asks_for(lead: Lead) -> None:
    one = await lead(staged(), guidelines=THREE[:1])
    several = await lead(staged(), guidelines=THREE[:1], solves=2)
    assert [request.key for request in several.engine.asked[:3]] == [request.key for request in one.engine.asked]


async def test_a_path_that_is_asked_again_leaves_the_others_as_they_are(lead: Lead) -> None:
    led = await lead(staged(solve=by_solve(BARE, SOLUTION, OTHER, "")), guidelines=THREE[:1], solves=2)
    first, second = led.outcome.judged
    assert (first.path.text, first.path.retries) == (SOLUTION, ("solve",))
    assert (second.path.text, second.path.retries) == (OTHER, ())
    assert len(first.path.steps) == len(second.path.steps) == 3


async def test_the_end_of_a_path_is_no_part_of_the_next_ones_chat(lead: Lead) -> None:
    cut = replace(completion("The first shelf holds 30 books.\nThe second holds 12 books."), finish_reason="length")
    led = await lead(
        staged(solve=by_solve(cut, SOLUTION), repair="So there are 30 + 12 = 42. \\boxed{42}"),
        guidelines=THREE[:1],
        solves=2,
        prompts="guided",
        repair=True,
    )
    solves = [request for request in led.engine.asked if request.stage == "solve"]
    assert "repair" in led.engine.stages()
    assert solves[0].messages == solves[1].messages
    assert "repair" not in [stage for stage, _, _ in led.outcome.judged[1].path.steps]


async def test_a_lead_that_breaks_off_is_one_broken_path(lead: Lead) -> None:
    led = await lead(staged(structure=LOOP), guidelines=THREE[:1], solves=3, hint={"enabled": False})
    assert [one.defect for one in led.outcome.judged] == ["looping_structure"]


async def test_a_wave_is_no_larger_than_the_missing_paths_need(lead: Lead) -> None:
    def counted(request: Request) -> str:
        return SOLUTION.replace("books", f"books of {request.seed}")

    led = await lead(staged(solve=counted), guidelines=THREE, solves=2, keep=2, wave=3, adaptive_waves=True)
    assert Counter(led.engine.stages()) == {"adapt": 1, "structure": 1, "solve": 2}
    assert len(led.outcome.kept) == 2


@pytest.mark.parametrize(("solves", "asked"), [(1, 3), (4, 12)])
def test_the_plan_counts_a_call_for_each_path_and_one_for_each_lead(solves: int, asked: int) -> None:
    config = config_from_mapping(
        {
            "tasks": [{"name": "gsm8k"}],
            "engine": {"kind": "simulated"},
            "method": {
                "stages": ["structure", "solve"],
                "guidelines": 3,
                "solves": solves,
                "hint": {"enabled": False},
                "stop_early": False,
                "retry_unusable": False,
                "repair": False,
            },
        }
    )
    method = make_method(config.method, load_answering(config.answering))
    estimate = method.estimate([question()], 0.5)
    assert {name: stage.most_calls for name, stage in estimate.stages.items()} == {"structure": 3, "solve": asked}
    assert estimate.most_chains == asked


def test_one_call_for_lead_and_path_has_no_lead_to_solve_from_again() -> None:
    with pytest.raises(ConfigError, match="solves"):
        config_from_mapping({"tasks": [{"name": "gsm8k"}], "method": {"fused": True, "solves": 2}})
