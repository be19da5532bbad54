from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.scripted_server import server_process
from tests.helpers.runs import toy_config, write_questions
from tests.helpers.tiny_models import write_tiny_gguf

import regenesis
from regenesis.config import RunConfig
from regenesis.errors import ConfigError
from regenesis.runs.observing import Observer, StageProgress, StageReport
from regenesis.tasks import LoadedQuestions

pytestmark = [pytest.mark.model]


class Noting(Observer):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.progress: list[StageProgress | None] = []

    def watching(self, stage: regenesis.Stage, progress: StageProgress | None) -> AbstractContextManager[object]:
        return self._watched(stage, progress)

    @contextmanager
    def _watched(self, stage: regenesis.Stage, progress: StageProgress | None) -> Iterator[None]:
        self.heard.append(f"{stage.kind} begins")
        self.progress.append(progress)
        try:
            yield
        except Exception as error:
            self.heard.append(f"{stage.kind} fails: {type(error).__name__}")
            raise
        self.heard.append(f"{stage.kind} is through")

    def loaded(self, stage: regenesis.Stage, questions: LoadedQuestions) -> None:
        self.heard.append(f"{len(questions.questions)} questions")

    def ended(self, stage: regenesis.Stage, report: StageReport) -> None:
        self.heard.append(f"{stage.kind} came to {type(report).__name__}")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server_process("--play", "arithmetic") as served:
        yield served


def config(folder: Path, url: str, **parts: Any) -> RunConfig:
    training = {
        "model": str(write_tiny_gguf(folder / "tiny.gguf", "llama")),
        "max_steps": 1,
        "batch_size": 2,
        "precision": "fp32",
    }
    return toy_config(write_questions(folder, 6), url, training=training, **parts)


def test_an_observer_hears_of_every_stage_and_what_it_came_to(tmp_path: Path, url: str) -> None:
    measured = write_questions(tmp_path / "measured", 4, first=100)
    served = {"kind": "openai", "base_url": url, "model": "scripted", "extra_body": {"note": "tuned"}}
    evaluation = {"tasks": [{"name": "measured", "file": str(measured), "kind": "number"}], "tuned_engine": served}
    told = Noting()
    report = regenesis.run(config(tmp_path, url, evaluation=evaluation), tmp_path / "run", observer=told)
    assert told.heard == [
        *("synthesize begins", "6 questions", "synthesize is through", "synthesize came to SynthesisReport"),
        *("train begins", "train is through", "train came to dict"),
        *("evaluate begins", "evaluate is through", "evaluate came to EvaluationReport"),
    ]
    assert isinstance(told.progress[0], regenesis.Progress)
    assert told.progress[0].finished == 6
    assert told.progress[1] is None
    assert isinstance(told.progress[2], regenesis.EvaluationProgress)
    assert report.complete
    assert [one.stage.kind for one in report.stages] == ["synthesize", "train", "evaluate"]
    assert (tmp_path / "run" / "model" / "training.json").is_file()


@pytest.mark.parametrize(
    ("parts", "ending"),
    [
        pytest.param({"budget": {"requests": 10}}, "unfinished", id="a spent budget"),
        pytest.param({"curation": {"min_tokens": 900, "max_tokens": 901}}, "nothing kept", id="nothing is kept"),
    ],
)
def test_what_ends_a_run_before_its_training_is_said(
    tmp_path: Path, url: str, parts: dict[str, Any], ending: str
) -> None:
    report = regenesis.run(config(tmp_path, url, **parts), tmp_path / "run")
    assert (report.ending, report.complete, len(report.stages)) == (ending, False, 1)
    assert not (tmp_path / "run" / "model").exists()


def test_an_observer_hears_of_the_stage_that_fails(tmp_path: Path) -> None:
    told = Noting()
    unreachable = {"retry": {"attempts": 1}, "connect_timeout": 1}
    with pytest.raises(regenesis.RegenesisError):
        regenesis.run(config(tmp_path, "http://127.0.0.1:9/v1", engine=unreachable), tmp_path / "run", observer=told)
    assert told.heard[-1].startswith("synthesize fails: ")


def test_what_cannot_be_trained_is_refused_before_a_folder_is_made(tmp_path: Path, url: str) -> None:
    told = Noting()
    with pytest.raises(ConfigError, match=r"training\.model"):
        regenesis.run(toy_config(write_questions(tmp_path, 2), url), tmp_path / "run", observer=told)
    assert told.heard == []
    assert not (tmp_path / "run").exists()
