from __future__ import annotations

import asyncio
import importlib.util
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from regenesis.config import BudgetConfig, RunConfig, config_from_mapping
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.transformers.config import TransformersEngineConfig
from regenesis.errors import ConfigError, RunError
from regenesis.ledger import Ledger
from regenesis.runs.loop import Remaining, stages
from regenesis.types import Completion, Message, Request, Sampling

EVALUATED = {"tasks": ["gsm8k"]}
SERVED = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "served"}


def config(**parts: Any) -> RunConfig:
    return config_from_mapping(
        {"tasks": ["gsm8k"], "engine": {"kind": "transformers", "model": "/models/base"}, **parts}
    )


def train(directory: Path, weights: bytes = b"weights") -> None:
    """What a training leaves behind, as far as the loop looks at it."""
    (directory / "model").mkdir(parents=True, exist_ok=True)
    (directory / "model" / "adapter_config.json").write_text("{}")
    (directory / "model" / "adapter_model.safetensors").write_bytes(weights)


def gone_through(loop: RunConfig, run: Path, rounds: int) -> list[tuple[str, int, str]]:
    """Every stage, with each training leaving a model."""
    seen = []
    for stage in stages(loop, run, rounds):
        if stage.kind == "train":
            train(stage.directory)
        seen.append((stage.kind, stage.round, stage.directory.name))
    return seen


def test_one_round_synthesizes_trains_and_evaluates(tmp_path: Path) -> None:
    assert gone_through(config(evaluation=EVALUATED), tmp_path / "run", 1) == [
        ("synthesize", 1, "run"),
        ("train", 1, "run"),
        ("evaluate", 1, "run"),
    ]


def test_without_tasks_to_measure_on_the_loop_ends_with_the_model(tmp_path: Path) -> None:
    assert [kind for kind, _, _ in gone_through(config(), tmp_path / "run", 1)] == ["synthesize", "train"]


def test_later_rounds_have_folders_of_their_own_and_are_measured_in_the_runs(tmp_path: Path) -> None:
    assert gone_through(config(evaluation=EVALUATED), tmp_path / "run", 2)[3:] == [
        ("synthesize", 2, "round-2"),
        ("train", 2, "round-2"),
        ("evaluate", 2, "run"),
    ]


def test_a_later_round_asks_the_tuned_model_and_trains_the_first_one(tmp_path: Path) -> None:
    seen = {}
    for stage in stages(config(), tmp_path / "run", 3):
        if stage.kind == "train":
            train(stage.directory)
            seen[stage.round] = stage.config
    engines = [seen[number].engine for number in (1, 2, 3)]
    assert [engine.adapter for engine in engines if isinstance(engine, TransformersEngineConfig)] == [
        None,
        tmp_path / "run" / "model",
        tmp_path / "run" / "round-2" / "model",
    ]
    assert {engine.model for engine in engines} == {"/models/base"}
    assert [seen[number].training.model for number in (2, 3)] == ["/models/base", "/models/base"]


def test_a_later_round_asks_by_the_runs_engine_whatever_models_are_measured_on(tmp_path: Path) -> None:
    measured = {"tasks": ["gsm8k"], "engine": {"kind": "llamacpp", "model": "base.gguf"}}
    second = None
    for stage in stages(config(evaluation=measured), tmp_path / "run", 2):
        if stage.kind == "train" and stage.round == 1:
            train(stage.directory)
        if stage.round == 2:
            second = stage.config
            break
    assert second is not None
    assert isinstance(second.engine, TransformersEngineConfig)
    assert isinstance(second.evaluation.engine, LlamaCppEngineConfig)


def test_a_round_without_a_model_is_not_gone_on_from(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no tuned model"):
        list(stages(config(), tmp_path / "run", 2))


@pytest.mark.parametrize(
    ("training", "rounds", "message"),
    [
        pytest.param({}, 1, "training.model", id="a server hands out no weights"),
        pytest.param({"model": "hf:org/repo"}, 2, "--rounds", id="a server does not load the tuned model"),
    ],
)
def test_what_a_server_cannot_do_is_said_before_anything_is_asked(
    tmp_path: Path, training: dict[str, Any], rounds: int, message: str
) -> None:
    served = config(engine=SERVED, training=training)
    with pytest.raises(ConfigError, match=message):
        next(stages(served, tmp_path / "run", rounds))


def test_what_an_adapter_lies_over_is_not_trained_unless_it_is_named(tmp_path: Path) -> None:
    engine = {"kind": "transformers", "model": "/models/base", "adapter": "/models/adapter"}
    with pytest.raises(ConfigError, match="without an adapter"):
        next(stages(config(engine=engine), tmp_path / "run"))
    assert next(stages(config(engine=engine, training={"model": "/models/base"}), tmp_path / "run")).round == 1


@pytest.mark.parametrize(
    "evaluation",
    [
        pytest.param({"tuned_engine": SERVED}, id="one tuned model is served"),
        pytest.param({"engine": SERVED}, id="a server is measured on"),
    ],
)
def test_rounds_are_not_measured_on_a_server(tmp_path: Path, evaluation: dict[str, Any]) -> None:
    measured = config(evaluation=EVALUATED | evaluation)
    with pytest.raises(ConfigError, match="tuned_engine"):
        next(stages(measured, tmp_path / "run", 2))
    assert next(stages(measured, tmp_path / "run", 1)).kind == "synthesize"


def begin(directory: Path) -> None:
    """A completion of the synthesis, recorded."""

    async def record() -> None:
        with Ledger.open(directory / "ledger.sqlite") as ledger:
            request = Request("model", (Message("user", "?"),), Sampling(0, 1, 1), 0, 0, "q", "solve")
            await ledger.put(request, Completion("text", "stop", 1, 1, "test", 0.1))

    asyncio.run(record())


@pytest.mark.parametrize("begun", [True, False])
def test_a_round_that_asked_a_model_which_was_trained_anew_is_not_taken_for_done(tmp_path: Path, begun: bool) -> None:
    gone_through(config(evaluation=EVALUATED), tmp_path / "run", 2)
    if begun:
        begin(tmp_path / "run" / "round-2")
    kinds = []
    with pytest.raises(RunError, match="retrained since") if begun else nullcontext():
        for stage in stages(config(evaluation=EVALUATED), tmp_path / "run", 2):
            kinds.append(stage.kind)
            if stage.kind == "train":
                train(stage.directory, weights=b"other weights")
    assert len(kinds) == (2 if begun else 6)


def test_a_round_that_asked_the_model_there_still_is_goes_on(tmp_path: Path) -> None:
    seen = gone_through(config(), tmp_path / "run", 2)
    begin(tmp_path / "run" / "round-2")
    assert gone_through(config(), tmp_path / "run", 2) == seen


def test_stages_share_one_budget() -> None:
    remaining = Remaining(BudgetConfig(requests=10, minutes=2))
    remaining.spend(requests=4, tokens=1000, seconds=30)
    assert remaining.config() == BudgetConfig(requests=6, tokens=None, minutes=1.5)
    remaining.spend(requests=9, tokens=0, seconds=600)
    assert remaining.config() == BudgetConfig(requests=0, minutes=0)


@pytest.mark.parametrize("prompts", ["missing.j2", "./missing.j2"])
def test_a_prompt_of_the_evaluation_that_is_not_there_is_said_before_anything_is_asked(
    tmp_path: Path, prompts: str
) -> None:
    loop = config(evaluation={**EVALUATED, "prompts": prompts})
    with pytest.raises(ConfigError, match=r"missing\.j2'?: cannot be read"):
        next(stages(loop, tmp_path / "run", 1))


@pytest.mark.skipif(importlib.util.find_spec("lm_eval") is not None, reason="lm-evaluation-harness is installed")
def test_a_prompt_of_the_harness_without_the_harness_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    loop = config(evaluation={**EVALUATED, "prompts": "lm-eval/gsm8k_cot_zeroshot"})
    with pytest.raises(ConfigError, match="lm-evaluation-harness is not installed"):
        next(stages(loop, tmp_path / "run", 1))
