from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import toy_config

from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.errors import RunError
from regenesis.evaluation import EvaluationSettings
from regenesis.evaluation.record import EvaluationReport
from regenesis.evaluation.stage import evaluate_models
from regenesis.ledger import Ledger
from regenesis.publish.inspect_log import export_inspect

INSTALLED = importlib.util.find_spec("inspect_ai") is not None
needs_inspect = pytest.mark.skipif(not INSTALLED, reason="inspect-ai is not installed")


@pytest.fixture
async def evaluated(file: Path, tmp_path: Path) -> EvaluationReport:
    config = toy_config(file, evaluation={"tasks": [{"name": "toy", "file": str(file), "kind": "number"}]})
    engine = PlayedEngine(model="m")
    served = OpenAIEngineConfig(kind="openai", base_url="http://127.0.0.1:9/v1", model="m")
    return await evaluate_models(
        {"base": served}, EvaluationSettings.of_run(config), tmp_path / "run", engines={"base": engine}
    )


def read(path: Path) -> Any:
    from inspect_ai.log import read_eval_log

    return read_eval_log(str(path))


@needs_inspect
async def test_inspect_reads_the_answers_of_an_evaluation(evaluated: EvaluationReport) -> None:
    (file,) = export_inspect(evaluated.directory)
    assert file == evaluated.directory / "exports" / "inspect" / "base-toy.eval"
    log = read(file)
    results = evaluated.evaluation.results["base"]["toy"]
    assert (log.status, log.eval.task, log.eval.model) == ("success", "toy", "openai/m")
    assert [sample.id for sample in log.samples] == [result.question_id for result in results]
    assert [sample.output.completion for sample in log.samples] == [result.response for result in results]
    assert [sample.scores["regenesis"].value == "C" for sample in log.samples] == [
        result.verdict.correct for result in results
    ]


@needs_inspect
async def test_a_sample_holds_the_chat_that_was_sent_and_the_checkers_reason(evaluated: EvaluationReport) -> None:
    log = read(export_inspect(evaluated.directory)[0])
    result = evaluated.evaluation.results["base"]["toy"][0]
    with Ledger.read(evaluated.directory / "ledger.sqlite") as ledger:
        request = ledger.request(result.key)
    assert request is not None
    sample = log.samples[0]
    assert [message.text for message in sample.input] == [turn["content"] for turn in request["messages"]]
    assert sample.scores["regenesis"].explanation == result.verdict.reason


@needs_inspect
async def test_the_accuracy_is_ours(evaluated: EvaluationReport) -> None:
    log = read(export_inspect(evaluated.directory)[0])
    tally = evaluated.evaluation.tallies["base"]["toy"]
    assert log.results.scores[0].metrics["accuracy"].value == pytest.approx(float(tally.accuracy))
    assert log.results.scores[0].metadata["interval_95"] == [tally.interval.low, tally.interval.high]


@needs_inspect
async def test_two_exports_of_the_same_answers_say_the_same(evaluated: EvaluationReport, tmp_path: Path) -> None:
    first, second = (read(export_inspect(evaluated.directory, tmp_path / name)[0]) for name in ("a", "b"))
    assert first.model_dump_json() == second.model_dump_json()


@needs_inspect
async def test_a_summary_cannot_lead_out_of_the_run(evaluated: EvaluationReport) -> None:
    file = evaluated.directory / "evaluation" / "summary.json"
    summary = json.loads(file.read_text("utf-8"))
    summary["tasks"]["toy"]["file"] = "../../../toy.parquet"
    file.write_text(json.dumps(summary), "utf-8")
    with pytest.raises(RunError, match="which is not of this run"):
        export_inspect(evaluated.directory)


@needs_inspect
@pytest.mark.parametrize("damage", [{}, {"tasks": 3, "models": {}}, {"tasks": {"toy": 1}, "models": {"base": {}}}])
async def test_a_damaged_summary_is_said(evaluated: EvaluationReport, damage: dict[str, Any]) -> None:
    (evaluated.directory / "evaluation" / "summary.json").write_text(json.dumps(damage), "utf-8")
    with pytest.raises(RunError, match="not in the form of a summary"):
        export_inspect(evaluated.directory)


@needs_inspect
async def test_without_an_evaluation_it_says_how_to_get_one(evaluated: EvaluationReport) -> None:
    shutil.rmtree(evaluated.directory / "evaluation")
    with pytest.raises(RunError, match="Evaluate first: regenesis evaluate"):
        export_inspect(evaluated.directory)


@pytest.mark.skipif(INSTALLED, reason="inspect-ai is installed")
def test_without_inspect_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"pip install 'regenesis\[inspect\]'"):
        export_inspect(tmp_path)
