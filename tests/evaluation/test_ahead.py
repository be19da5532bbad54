"""What a synthesis asks for the evaluation: in places that it leaves empty, and nothing of its own changes by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PlayedEngine, play
from tests.helpers.runs import toy_mapping, train_bytes, write_questions

from regenesis.config import RunConfig, config_from_mapping
from regenesis.errors import RequestFailed
from regenesis.evaluation.ahead import base_ahead
from regenesis.evaluation.settings import EvaluationSettings
from regenesis.evaluation.stage import evaluate_models
from regenesis.store.directory import RunDirectory
from regenesis.synthesis.progress import Progress
from regenesis.synthesis.stage import synthesize

QUESTIONS, MEASURED = 12, 5


def config(folder: Path, **parts: Any) -> RunConfig:
    (folder / "exam").mkdir(exist_ok=True)
    exam = write_questions(folder / "exam", MEASURED)
    # other questions than those that are trained on
    exam.write_text(exam.read_text().replace("Shelf", "Cupboard"))
    measured = {"tasks": [{"name": "exam", "file": str(exam), "kind": "number"}]}
    mapping = toy_mapping(write_questions(folder, QUESTIONS)) | {"decontamination": {"action": "report"}}
    return config_from_mapping(mapping | {"evaluation": measured | parts.pop("evaluation", {})} | parts)


async def asked(config: RunConfig, run: Path, engine: PlayedEngine) -> None:
    report = await synthesize(config, run, engine=engine, errands=base_ahead(config, RunDirectory(run)))
    assert report.complete
    assert report.owed == {}


async def test_the_evaluation_finds_its_base_answered_and_the_dataset_is_the_same(tmp_path: Path) -> None:
    settings, engine = config(tmp_path), PlayedEngine(capacity=4)
    await asked(settings, tmp_path / "run", engine)
    sent = len(engine.asked)
    report = await evaluate_models(
        {"base": settings.engine},
        EvaluationSettings.of_run(settings),
        tmp_path / "run",
        engines={"base": engine},
    )
    assert (report.complete, report.requests_sent, len(engine.asked)) == (True, 0, sent)
    assert report.requests_recalled == MEASURED
    await synthesize(settings, tmp_path / "plain", engine=PlayedEngine(capacity=4))
    assert train_bytes(tmp_path / "run") == train_bytes(tmp_path / "plain")


async def test_every_question_begins_before_the_first_answer_to_the_evaluation_is_asked_for(tmp_path: Path) -> None:
    settings, engine = config(tmp_path), PlayedEngine(capacity=4)
    await asked(settings, tmp_path / "run", engine)
    stages = [request.stage for request in engine.asked]
    before = engine.asked[: stages.index("evaluate")]
    assert len({request.question_id for request in before}) == QUESTIONS
    assert stages.count("evaluate") == MEASURED


async def test_it_is_told_when_only_the_evaluation_is_waited_for(tmp_path: Path) -> None:
    settings, progress, phases = config(tmp_path), Progress(), []
    engine = PlayedEngine(lambda one: phases.append((one.stage, progress.phase)) or play(one), capacity=1)
    errands = base_ahead(settings, RunDirectory(tmp_path / "run"))
    await synthesize(settings, tmp_path / "run", engine=engine, errands=errands, progress=progress)
    assert phases[-1] == ("evaluate", "asking for the evaluation")
    assert {phase for stage, phase in phases if stage != "evaluate"} == {"asking"}


async def test_what_is_asked_ahead_is_no_question_of_the_run_under_way(tmp_path: Path) -> None:
    settings, progress = config(tmp_path), Progress()
    errands = base_ahead(settings, RunDirectory(tmp_path / "run"))
    await synthesize(settings, tmp_path / "run", engine=PlayedEngine(), errands=errands, progress=progress)
    assert progress.sampler is not None
    assert progress.sampler.traffic.answered["evaluate"] == MEASURED
    assert progress.sampler.traffic.answered_of == {}


async def test_what_is_recorded_is_not_asked_again_by_a_second_start(tmp_path: Path) -> None:
    settings = config(tmp_path)
    await asked(settings, tmp_path / "run", PlayedEngine())
    (tmp_path / "run" / "outcomes.sqlite").unlink()
    again = PlayedEngine()
    await asked(settings, tmp_path / "run", again)
    assert again.asked == []


async def test_answers_that_fail_are_left_to_the_evaluation(tmp_path: Path) -> None:
    settings = config(tmp_path)
    engine = PlayedEngine(lambda one: RequestFailed("no") if one.stage == "evaluate" else play(one))
    await asked(settings, tmp_path / "run", engine)


@pytest.mark.parametrize(
    "parts",
    [
        {"evaluation": {"tasks": []}},
        {"evaluation": {"engine": {"kind": "simulated"}}},
        {"budget": {"requests": 100_000}},
        {"engine": {"kind": "llamacpp", "model": "hf:a/b:c.gguf"}, "training": {"model": "hf:a/b", "tuning": "full"}},
    ],
)
def test_nothing_is_asked_ahead_where_it_could_be_in_vain(parts: dict[str, Any], tmp_path: Path) -> None:
    assert base_ahead(config(tmp_path, **parts), RunDirectory(tmp_path / "run")) is None
