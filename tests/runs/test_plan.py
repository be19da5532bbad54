from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import toy_config, write_questions

from regenesis.runs import plan, synthesize


def test_the_paper_preset_plans_245_calls_a_question_without_its_hint_pass(file: Path) -> None:
    config = toy_config(
        file, preset="paper", method={"hint": {"enabled": False}, "guidelines": None, "selections": 20, "wave": 45}
    )
    made = plan(config)
    assert made.questions == {"toy": 8}
    assert made.most_calls == made.expected_calls == 8 * 245
    assert {stage: one.most_calls // 8 for stage, one in made.stages.items()} == {
        "select": 20,
        "adapt": 45,
        "structure": 45,
        "solve": 45,
        "summarise": 45,
        "judge": 45,
    }


@pytest.mark.parametrize(
    "method",
    [
        {},
        {"stop_early": False},
        {"selections": 0},
        {"hint": {"enabled": False}},
        {"retry_unusable": False},
        {"wave": 1},
    ],
)
@pytest.mark.parametrize("prompts", ["one-chat", "paper"])
async def test_a_run_asks_no_more_than_planned_at_most(
    file: Path, tmp_path: Path, method: dict[str, Any], prompts: str
) -> None:
    config, engine = toy_config(file, method=method | {"prompts": prompts}), PlayedEngine()
    made = plan(config)
    await synthesize(config, tmp_path / "run", engine=engine)
    for stage, planned in made.stages.items():
        asked = engine.of_stage(stage)
        assert len(asked) <= planned.most_calls
        assert all(one.sampling.max_tokens * planned.most_calls <= planned.most_new_tokens for one in asked)
        texts = [len(message.content.encode()) for one in asked for message in one.messages]
        assert sum(texts) / 4 <= planned.most_prompt_tokens
    assert set(engine.stages()) <= set(made.stages)
    assert made.expected_calls <= made.most_calls


def test_a_higher_yield_is_expected_to_ask_less_and_keep_more(file: Path) -> None:
    config = toy_config(file)
    poor, rich = (plan(config, chain_yield=share) for share in (0.1, 0.9))
    assert rich.expected_calls < poor.expected_calls
    assert rich.expected_kept > poor.expected_kept
    assert rich.most_calls == poor.most_calls


def test_questions_without_gold_are_planned_to_be_voted_on_with_no_hint_pass(tmp_path: Path) -> None:
    file = write_questions(tmp_path, 4)
    file.write_text(file.read_text().replace('"answer"', '"unused"'))
    made = plan(toy_config(file))
    assert (made.without_gold, made.most_chains) == (4, 4 * 7)


def test_a_plan_is_plain_json(file: Path) -> None:
    made = plan(toy_config(file)).to_json()
    assert made["most_calls"] == sum(stage["most_calls"] for stage in made["stages"].values())


def test_what_a_model_is_measured_on_is_counted_for_one_model(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text("".join(f'{{"id": {n}, "question": "Is {n} odd, so to say?", "answer": "1"}}\n' for n in range(3)))
    evaluation = {"tasks": [{"name": "other", "file": str(other)}], "sampling": {"max_tokens": 50}}
    without, made = plan(toy_config(file)), plan(toy_config(file, evaluation=evaluation))
    assert (without.measured, without.measured_new_tokens) == ({}, 0)
    assert (made.measured, made.measured_new_tokens) == ({"other": 3}, 150)
    assert made.measured_prompt_tokens > 3 * 8
    assert made.stages == without.stages
