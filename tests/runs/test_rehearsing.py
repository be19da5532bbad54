from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.helpers.runs import THREE_STAGES

from regenesis.config import RunConfig, config_from_mapping
from regenesis.runs import plan


def config(folder: Path, **values: object) -> RunConfig:
    rows = [
        {"id": number, "question": f"How much are {number} and 7?", "answer": f"{number} + 7 = ?\n#### {number + 7}"}
        for number in range(3)
    ]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    tasks = [{"name": "mine", "file": str(folder / "questions.jsonl")}]
    return config_from_mapping({"tasks": tasks, **values})


def test_questions_are_shown_as_read_with_the_prompts_of_each_stage(tmp_path: Path) -> None:
    shown = plan(config(tmp_path, method=THREE_STAGES), show=2).shown
    assert [(one.question.id, one.question.gold, one.question.kind) for one in shown] == [
        ("mine/questions/0", "7", "number"),
        ("mine/questions/1", "8", "number"),
    ]
    assert [prompt.stage for prompt in shown[0].prompts] == ["adapt", "structure", "solve"]
    first, *_, last = (prompt.messages for prompt in shown[0].prompts)
    assert "How much are 0 and 7?" in first[0].content
    assert "reply at the stage structure" in last[-2].content


@pytest.mark.parametrize(
    ("values", "stages"),
    [
        ({"method": {"name": "rejection"}}, ["sample"]),
        ({"method": {"name": "lmsi"}}, ["sample"]),
        ({}, ["solve"]),
        ({"preset": "paper"}, ["adapt", "structure", "solve", "summarise"]),
        ({"method": {"fused": True}}, ["fused"]),
        ({"method": {"name": "gold"}}, []),
    ],
)
def test_every_method_shows_what_it_asks(values: dict[str, object], stages: list[str], tmp_path: Path) -> None:
    [one] = plan(config(tmp_path, **values), show=1).shown
    asked = [prompt.stage for prompt in one.prompts]
    assert asked[: len(stages)] == stages
    assert bool(asked) == bool(stages)


def test_the_prompts_of_the_evaluation_are_shown_too(tmp_path: Path) -> None:
    own = config(tmp_path)
    tasks = [task.model_dump(mode="json") | {"name": "exam"} for task in own.tasks]
    decontamination = {"action": "report"}
    shown = plan(config(tmp_path, evaluation={"tasks": tasks}, decontamination=decontamination), show=1).shown
    [measured] = [one for one in shown if one.measured]
    assert measured.prompts[0].messages[-1].content.startswith("How much are 0 and 7?")


def test_nothing_is_shown_unless_asked_for(tmp_path: Path) -> None:
    assert plan(config(tmp_path)).shown == ()


def test_a_plan_can_be_made_where_an_event_loop_runs(tmp_path: Path) -> None:
    async def planned() -> int:
        return len(plan(config(tmp_path), show=1).shown)

    assert asyncio.run(planned()) == 1
