"""Each ablation asks exactly what it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PLAN, SOLUTION, question
from tests.methods.conftest import Lead

from regenesis.config import config_from_mapping
from regenesis.errors import ConfigError
from regenesis.methods import make_method
from regenesis.methods.regenesis.generating import read_guidelines
from regenesis.prompts import load_answering

ADAPTED = "Look at the shelves one by one."
FUSED = f"Guideline: Count.\n\nPlan:\n{PLAN}\n\n**Solution:**\n{SOLUTION}"
LIST = "1. Draw the problem first.\n2. Work backwards from the end.\n3. Try small numbers first."
ONE: dict[str, Any] = {"guidelines": 1, "hint": {"enabled": False}}


def staged(**texts: Any) -> Any:
    usual = {"adapt": ADAPTED, "structure": PLAN, "solve": SOLUTION, "fused": FUSED, "guidelines": LIST}
    return lambda request: (usual | texts)[request.stage]


@pytest.mark.parametrize("prompts", ["one-chat", "paper"])
@pytest.mark.parametrize(
    "stages", [["adapt", "structure", "solve"], ["structure", "solve"], ["adapt", "solve"], ["solve"]]
)
async def test_a_chain_asks_the_stages_it_is_given_and_no_others(lead: Lead, stages: list[str], prompts: str) -> None:
    led = await lead(staged(), stages=stages, prompts=prompts, **ONE)
    assert led.engine.stages() == stages
    (judged,) = led.outcome.judged
    assert [stage for stage, _, _ in judged.path.steps] == stages
    assert judged.verdict.correct


@pytest.mark.parametrize("prompts", ["one-chat", "paper"])
async def test_without_adapting_the_plan_is_made_from_the_general_guideline(lead: Lead, prompts: str) -> None:
    led = await lead(staged(), stages=["structure", "solve"], prompts=prompts, **ONE)
    (judged,) = led.outcome.judged
    legend = make_method(led.config.method, load_answering()).legend()
    assert legend[judged.path.guideline] in led.engine.asked[0].messages[-1].content
    assert question().text in led.engine.asked[0].messages[-1].content


@pytest.mark.parametrize("prompts", ["one-chat", "paper"])
async def test_without_a_structure_the_adapted_guideline_is_solved_by(lead: Lead, prompts: str) -> None:
    led = await lead(staged(), stages=["adapt", "solve"], prompts=prompts, **ONE)
    (solve,) = led.engine.of_stage("solve")
    assert ADAPTED in solve.messages[-1].content
    assert len(solve.messages) == 1


async def test_fused_stages_are_one_call_whose_last_part_is_the_path(lead: Lead) -> None:
    led = await lead(staged(), fused=True, **ONE)
    assert led.engine.stages() == ["fused"]
    assert led.outcome.judged[0].path.text == SOLUTION


async def test_a_fused_reply_without_a_solution_part_is_broken(lead: Lead) -> None:
    led = await lead(staged(fused="I would rather not."), fused=True, **ONE)
    assert led.outcome.judged[0].defect == "no_solution_part"


async def test_guidelines_may_be_named(lead: Lead) -> None:
    led = await lead(staged(), guidelines=["simplify", "critical"], hint={"enabled": False})
    assert {one.path.guideline for one in led.outcome.judged} == {"simplify", "critical"}


def test_a_guideline_that_is_not_there_is_named() -> None:
    config = config_from_mapping({"tasks": ["gsm8k"], "method": {"guidelines": ["simplfy"]}})
    with pytest.raises(ConfigError, match="there is no guideline 'simplfy'; there are experiment"):
        make_method(config.method, load_answering())


@pytest.mark.parametrize("prompts", ["one-chat", "paper"])
async def test_chains_without_a_guideline_plan_and_solve_alone(lead: Lead, prompts: str) -> None:
    led = await lead(staged(), prompts=prompts, unguided=3, keep=5, **(ONE | {"guidelines": 0}))
    assert sorted(led.engine.stages()) == sorted(["structure", "solve"] * 3)
    assert all("guideline" not in request.messages[0].content.lower() for request in led.engine.of_stage("structure"))
    assert [one.path.guideline for one in led.outcome.judged] == ["unguided"] * 3
    assert len({request.seed for request in led.engine.asked}) == 6


async def test_generated_guidelines_are_asked_once_and_recalled_later(lead: Lead, tmp_path: Path) -> None:
    shared: dict[str, Any] = ONE | {"guidelines": "generate", "generated_guidelines": 3}
    file = tmp_path / "shared.sqlite"
    led = await lead(staged(), file=file, **shared)
    assert led.engine.stages().count("guidelines") == 1
    assert {one.path.guideline for one in led.outcome.judged} == {f"generated-{number}" for number in (1, 2, 3)}
    again = await lead(staged(), file=file, **shared)
    assert again.engine.asked == []
    assert again.outcome == led.outcome


async def test_a_model_that_writes_no_guidelines_is_told_of(lead: Lead) -> None:
    with pytest.raises(ConfigError, match="no list of them could be read in 3 replies"):
        await lead(staged(guidelines="Certainly!"), **(ONE | {"guidelines": "generate"}))


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        (LIST, ["Draw the problem first.", "Work backwards from the end.", "Try small numbers first."]),
        ("- **Draw** the problem first.\n* Work backwards.", ["Draw the problem first.", "Work backwards."]),
        ("Here they are:\n1) Draw the problem first.", ["Draw the problem first."]),
        ("Draw it.", []),
        (f"1. {'x' * 500}", []),
    ],
)
def test_guidelines_are_read_out_of_a_list(reply: str, read: list[str]) -> None:
    assert read_guidelines(reply) == read


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ({"stages": ["solve", "adapt"]}, "in that order"),
        ({"stages": ["adapt", "structure"]}, "with solve last"),
        ({"stages": ["adapt", "adapt", "solve"]}, "at most once"),
        ({"stages": ["plan", "solve"]}, "`method.stages.0` must be 'adapt', 'structure' or 'solve'"),
        ({"guidelines": 0}, "no chain would start"),
        ({"guidelines": -1}, "must be at least 0"),
        ({"guidelines": "generate", "guidelines_file": "mine.yaml"}, "two sources of guidelines"),
        ({"hint": {"guidelines": 0}}, "starts no chain"),
    ],
)
def test_a_config_that_cannot_be_followed_is_refused(method: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config_from_mapping({"tasks": ["gsm8k"], "method": method})
    assert said in str(raised.value)


async def test_the_published_hint_pass_starts_from_selections_alone(lead: Lead) -> None:
    def answer(request: Any) -> str:
        usual = {"select": "1, 2", "adapt": ADAPTED, "structure": PLAN, "judge": "no", "summarise": "41"}
        return usual.get(request.stage, SOLUTION.replace("42", "41"))

    led = await lead(answer, preset="paper", selections=1, wave=50)
    hinted = [one.path for one in led.outcome.judged if one.path.hinted]
    assert len(hinted) == 20
    assert all("+" in path.guideline for path in hinted)


def test_a_config_frozen_before_there_were_switches_is_read_as_it_was_meant() -> None:
    stated = {"tasks": ["gsm8k"], "method": {"prompts": "default"}}
    before, now = (config_from_mapping(stated, frozen=frozen).method for frozen in (True, False))
    assert (before.prompts, before.stages) == ("one-chat", ["adapt", "structure", "solve"])
    assert (before.repair, before.adaptive_waves) == (False, False)
    assert (now.stages, now.repair, now.adaptive_waves) == (["solve"], True, True)
