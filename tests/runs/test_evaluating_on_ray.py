"""An evaluation over a Ray cluster gives the figures of one on one machine, from the same answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray")

from tests.cli.running import regenesis
from tests.fixtures.scripted_server import server_process
from tests.helpers.ray_clusters import ray_cluster
from tests.helpers.runs import recorded_keys, write_questions

from regenesis.config.loading import evaluating_config
from regenesis.errors import RunError
from regenesis.evaluation import EvaluationSettings
from regenesis.evaluation.stage import evaluate_models
from regenesis.runs.evaluating_on_ray import Answers

pytestmark = pytest.mark.timeout(280)
QUESTIONS = 7


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with ray_cluster(head=2) as made:
        yield made


def measured(folder: Path, url: str, file: Path, **options: Any) -> Any:
    described = {
        "engine": {"kind": "openai", "base_url": url, "model": "scripted"},
        "evaluation": {"tasks": [{"name": "toy", "file": str(file), "kind": "number"}]},
    }
    config = evaluating_config(described, "a test", ())
    models = {"scripted": config.engine}
    return asyncio.run(evaluate_models(models, EvaluationSettings.of(config), folder, **options))


# more shards than questions: some have none
@pytest.mark.parametrize("shards", [2, 9])
def test_figures_and_answers_are_those_of_one_machine(cluster: Any, tmp_path: Path, shards: int) -> None:
    file = write_questions(tmp_path, QUESTIONS)
    with server_process("--play", "arithmetic") as url:
        single = measured(tmp_path / "single", url, file)
        asked = Answers(shards, tmp_path / "run")
        report = measured(tmp_path / "run", url, file, beforehand=asked.ask)
    assert report.requests_sent == 0
    assert report.evaluation.to_json() == single.evaluation.to_json()
    assert recorded_keys(tmp_path / "run") == recorded_keys(tmp_path / "single")
    assert sum(end.finished for end in asked.progress.ends) == QUESTIONS


def test_shards_that_fail_are_named_and_nothing_is_asked_here(cluster: Any, tmp_path: Path) -> None:
    asked = Answers(2, tmp_path / "run")
    with pytest.raises(RunError, match=r"No shard got to its end. \d-of-2: No server answers"):
        measured(
            tmp_path / "run",
            "http://127.0.0.1:9/v1",
            write_questions(tmp_path, QUESTIONS),
            beforehand=asked.ask,
        )


def test_the_command_evaluates_on_the_cluster(cluster: Any, tmp_path: Path) -> None:
    file = write_questions(tmp_path, QUESTIONS)
    with server_process("--play", "arithmetic") as url:
        command = ["evaluate", "scripted", "--base-url", url, "--on", "ray", "--shards", "2", "--out", "run"]
        tasks = ["--set", f"evaluation.tasks=[{{name: toy, file: {file}, kind: number}}]"]
        ended = regenesis(*command, *tasks, cwd=tmp_path, RAY_ADDRESS=cluster.address)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert "shard 1-of-2: " in ended.stdout
    assert (tmp_path / "run" / "evaluation" / "summary.json").is_file()
