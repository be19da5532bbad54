"""A run begun by an earlier version goes on with this one and asks nothing that is recorded.

`tests/fixtures/begun_before` was written by version 0.1.0 before methods other than ReGenesis were there.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from tests.helpers.played import PlayedEngine

from regenesis.config import config_from_mapping
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.evaluation import EvaluationSettings
from regenesis.evaluation.stage import evaluate_models
from regenesis.runs import RunDirectory, synthesize
from regenesis.runs.running import changed_since

KEPT = Path(__file__).parents[1] / "fixtures" / "begun_before"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "begun"
    shutil.copytree(KEPT, folder)
    file = folder / "run" / "config.yaml"
    file.write_text(file.read_text("utf-8").replace("QUESTIONS", str(folder / "questions.jsonl")), "utf-8")
    return folder / "run"


async def test_its_frozen_config_can_be_read(run: Path) -> None:
    config = RunDirectory(run).require_started()
    assert config.tasks[0].name == "toy"


async def test_its_synthesis_is_derived_again_without_a_request(run: Path) -> None:
    engine = PlayedEngine()
    report = await synthesize(RunDirectory(run).require_started(), run, engine=engine)
    assert engine.asked == []
    assert report.complete
    before = [json.loads(line) for line in (KEPT / "train.jsonl").read_text("utf-8").splitlines()]
    after = [json.loads(line) for line in (run / "dataset" / "train.jsonl").read_text("utf-8").splitlines()]
    # columns may have been added since
    assert [{name: row[name] for name in old} for row, old in zip(after, before, strict=True)] == before


async def test_its_users_own_config_goes_on_by_the_defaults_of_then_and_says_so(run: Path) -> None:
    frozen = yaml.safe_load((run / "config.yaml").read_text("utf-8"))
    stated = {name: frozen[name] for name in ("tasks", "engine", "decontamination")}
    method = {name: frozen["method"][name] for name in ("guidelines", "wave", "keep", "selections")}
    config = config_from_mapping(stated | {"method": method | {"hint": {"guidelines": 2}}})
    (told,) = changed_since(config, run)
    assert told.startswith("Left open by the config and kept as the run began")
    assert "method.prompts: 'guided' → 'one-chat'; method.repair: True → False" in told
    engine = PlayedEngine()
    report = await synthesize(config, run, engine=engine)
    assert (report.complete, engine.asked) == (True, [])


async def test_its_evaluation_is_read_again_without_a_request(run: Path) -> None:
    engine = PlayedEngine()
    served = {"base": OpenAIEngineConfig(kind="openai", base_url="http://127.0.0.1:9/v1", model="played")}
    settings = EvaluationSettings.of_run(RunDirectory(run).require_started())
    report = await evaluate_models(served, settings, run, engines={"base": engine})
    assert engine.asked == []
    assert report.complete
