from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import toy_config

from regenesis.config import load_config
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.errors import ConfigError
from regenesis.evaluation import EvaluationSettings
from regenesis.evaluation.record import EvaluationReport
from regenesis.evaluation.stage import evaluate_models
from regenesis.store.trust import reaches

needs_the_harness = pytest.mark.skipif(
    importlib.util.find_spec("lm_eval") is None, reason="lm-evaluation-harness is not installed"
)
ROWS = [{"question": f"What is {number} + 2?", "answer": f"#### {number + 2}"} for number in range(4)]


async def evaluated(file: Path, folder: Path, task: str, engine: PlayedEngine) -> EvaluationReport:
    data = folder / "data" / "openai" / "gsm8k" / "main"
    data.mkdir(parents=True)
    (data / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    evaluation = {"tasks": [task], "prompts": "lm-eval/gsm8k_cot_zeroshot"}
    config = toy_config(file, evaluation=evaluation, data_root=folder / "data")
    served = OpenAIEngineConfig(kind="openai", base_url="http://127.0.0.1:9/v1", model="m")
    return await evaluate_models(
        {"base": served}, EvaluationSettings.of_run(config), folder / "run", engines={"base": engine}
    )


@needs_the_harness
async def test_an_evaluation_asks_the_harness_prompt_and_ends_replies_where_it_does(file: Path, tmp_path: Path) -> None:
    engine = PlayedEngine(lambda _: "So it is 4.\nQ: What is 9 + 9?\nA: It is 18.")
    report = await evaluated(file, tmp_path, "gsm8k", engine)
    assert {request.messages[0].content for request in engine.asked} == {
        f"Q: {row['question']}\nA: Let's think step by step." for row in ROWS
    }
    results = report.evaluation.results["base"]["gsm8k"]
    assert [result.response for result in results] == ["So it is 4.\n"] * 4
    assert sum(result.verdict.correct for result in results) == 1
    assert report.evaluation.conditions["prompts"] == "lm-eval/gsm8k_cot_zeroshot"


@needs_the_harness
async def test_questions_that_have_no_row_are_refused_before_anything_is_asked(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("reasoning_gym")
    engine = PlayedEngine()
    with pytest.raises(ConfigError, match="is generated"):
        await evaluated(file, tmp_path, "rg:chain_sum", engine)
    assert not engine.asked


def test_the_name_of_a_harness_prompt_is_no_path(tmp_path: Path) -> None:
    def prompts(name: str) -> tuple[Any, list[str]]:
        file = tmp_path / "config.yaml"
        file.write_text(f"tasks: [gsm8k]\nevaluation: {{prompts: {name}}}\n", "utf-8")
        config = load_config(file)
        return config.evaluation.prompts, [reach.field for reach in reaches(config)]

    assert prompts("lm-eval/gsm8k_cot_zeroshot") == ("lm-eval/gsm8k_cot_zeroshot", [])
    assert prompts("./lm-eval/mine.j2") == (str(tmp_path / "lm-eval/mine.j2"), ["evaluation.prompts"])
