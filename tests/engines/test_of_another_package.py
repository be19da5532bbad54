"""Engines that come from elsewhere: by entry point or as `module:Class`, asked and measured like any other."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import regenesis
from tests.helpers.runs import toy_mapping, write_questions

from regenesis.config import RunConfig, config_from_mapping
from regenesis.doctor import examine
from regenesis.engines import Engine, LocalEngineConfig, engine_kinds
from regenesis.errors import ConfigError, RunError
from regenesis.evaluation.model_variants import tuned_engine
from regenesis.runs import RunDirectory, synthesize
from regenesis.runs.evaluating import evaluate_run
from regenesis.runs.loop import require_possible
from regenesis.training.base_model import model_to_train

EXAMPLE = re.findall(r"```python\n(.*?)```", Path("docs/engines.md").read_text("utf-8"), re.DOTALL)[0]
"""The engine that the documentation shows."""
PLAYING = """
from tests.fixtures.script import play_arithmetic

def reply(messages, sampling, seed):
    return play_arithmetic({"messages": messages, "seed": seed})
"""


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example, installed as another package is."""
    site = tmp_path / "site"
    metadata = site / "functions-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "functions.py").write_text(EXAMPLE, "utf-8")
    (site / "playing.py").write_text(PLAYING, "utf-8")
    (site / "broken_engine.py").write_text("raise RuntimeError('no GPU')\n", "utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: functions\nVersion: 1.0\n", "utf-8")
    points = "function = functions:FunctionEngineConfig\nopenai = functions:FunctionEngineConfig\n"
    (metadata / "entry_points.txt").write_text(f"[regenesis.engines]\n{points}", "utf-8")
    monkeypatch.syspath_prepend(str(site))


def config(tmp_path: Path, kind: str, **stated: Any) -> RunConfig:
    file = write_questions(tmp_path, 4)
    engine = {"kind": kind, "model": "player", "function": "playing:reply", **stated}
    measured = {"evaluation": {"tasks": [{"name": "toy", "file": str(file)}]}, "decontamination": {"action": "report"}}
    return config_from_mapping({**toy_mapping(file, **measured), "engine": engine})


@pytest.mark.parametrize("kind", ["function", "functions:FunctionEngineConfig"])
def test_an_engine_of_another_package_synthesizes_and_is_measured(kind: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    report = asyncio.run(synthesize(config(tmp_path, kind), run))
    assert (report.complete, report.model, report.kept > 0) == (True, "player by playing:reply", True)
    measured = asyncio.run(evaluate_run(run))
    assert (measured.complete, measured.requests_sent) == (True, 4)
    again = asyncio.run(evaluate_run(run))
    assert (again.requests_sent, again.requests_recalled) == (0, 4)
    (base,) = again.evaluation.models
    assert base.conditions == {"engine": kind, "precision": "unknown"}


def test_the_command_line_measures_models_on_it_that_have_no_file(tmp_path: Path) -> None:
    file = write_questions(tmp_path, 3)
    settings = ["engine.function=playing:reply", f"evaluation.tasks=[{{name: toy, file: {file}}}]"]
    stated = [part for setting in settings for part in ("--set", setting)]
    path = os.pathsep.join([str(tmp_path / "site"), str(Path.cwd())])
    outcome = regenesis("evaluate", "player", "--engine", "function", *stated, "--json", cwd=tmp_path, PYTHONPATH=path)
    assert outcome.returncode == 0, outcome.stderr
    model = json.loads(outcome.stdout)["models"]["player"]
    assert (model["identity"], model["answered"]) == ("player by playing:reply", 3)


def test_registered_engines_stand_behind_those_that_come_along_and_take_no_name_of_theirs(tmp_path: Path) -> None:
    assert engine_kinds() == ["openai", "auto", "llamacpp", "openvino", "transformers", "vllm", "simulated", "function"]
    with pytest.raises(ConfigError, match=r"`engine\.base_url` is missing"):
        config(tmp_path, "openai")


@pytest.mark.parametrize(
    ("engine", "says"),
    [
        ({"kind": "function", "model": "m"}, "`engine.function` is missing"),
        (
            {"kind": "function", "model": "m", "functoin": "a:b"},
            "`engine.functoin`; did you mean `function`?",
        ),
        ({"kind": "function", "model": 3, "function": "a:b"}, "`engine.model` must be text"),
        (
            {"kind": "functional"},
            "`engine.kind` must be one of openai, auto, llamacpp, openvino, transformers, vllm, simulated, function",
        ),
        ({"kind": "nowhere:Config"}, r"'nowhere:Config' cannot be imported \(ModuleNotFoundError.*PYTHONPATH"),
        ({"kind": "functions:Nothing"}, r"'functions:Nothing' cannot be imported \(AttributeError"),
        ({"kind": "broken_engine:Config"}, r"cannot be imported \(RuntimeError: no GPU\)"),
        ({"kind": "functions:FunctionEngine"}, "is not a class derived from regenesis.engines.config.EngineConfig"),
        ({"kind": ["function"]}, "`engine.kind` must be one of openai"),
    ],
)
def test_what_is_wrong_with_it_is_said_as_of_any_engine(engine: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=says):
        config_from_mapping({**toy_mapping(write_questions(tmp_path, 1)), "engine": engine})


def test_one_that_loads_no_weights_is_treated_like_a_server(tmp_path: Path) -> None:
    made = config(tmp_path, "function")
    adapter(tmp_path / "run" / "model")
    with pytest.raises(ConfigError, match=r"training\.model"):
        model_to_train(made.training, made.engine)
    with pytest.raises(RunError, match=r"`function` cannot load the tuned model.*evaluation\.tuned_engine"):
        tuned_engine(made.engine, RunDirectory(tmp_path / "run"))
    told = made.model_copy(update={"training": made.training.model_copy(update={"model": "hf:org/repo"})})
    with pytest.raises(ConfigError, match=r"--rounds: .* `function` cannot load"):
        require_possible(told, rounds=2)
    assert ("tuned engine", "warn") in {(one.check, one.status) for one in examine(made, tmp_path)}


class Elsewhere(LocalEngineConfig):
    """An engine that runs checkpoints, and no more said of it."""

    loads = "checkpoint"

    def make(self, *_: Any) -> Engine:
        raise NotImplementedError


def test_one_that_loads_checkpoints_is_handed_the_tuned_model_and_hands_out_its_weights(tmp_path: Path) -> None:
    engine = Elsewhere(kind="elsewhere", model="hf:org/repo")
    made = config(tmp_path, "function").model_copy(update={"engine": engine})
    assert model_to_train(made.training, engine) == "hf:org/repo"
    require_possible(made, rounds=2)
    adapter(tmp_path / "run" / "model")
    tuned = tuned_engine(engine, RunDirectory(tmp_path / "run"))
    assert tuned == engine.model_copy(update={"adapter": (tmp_path / "run" / "model").resolve()})
    with pytest.raises(ConfigError, match="hf:org/repo to begin without the adapter"):
        model_to_train(made.training, tuned)


def adapter(model: Path) -> None:
    model.mkdir(parents=True)
    (model / "adapter_config.json").write_text("{}")
