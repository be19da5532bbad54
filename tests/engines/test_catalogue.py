"""What each engine that comes along says of itself, and what is said of a config that names none of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.helpers.runs import toy_mapping, write_questions

from regenesis.config import config_from_mapping
from regenesis.engines import EngineConfig, default_engine, engine_class, engine_kinds
from regenesis.errors import ConfigError

SERVER = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m", "api_key_env": "KEY"}
GGUF = {"kind": "llamacpp", "model": "m.gguf", "context": 512}
VLLM = {"kind": "vllm", "model": "hf:org/m", "args": {"max_model_len": 512}}
CHECKPOINT = {"kind": "transformers", "model": "hf:org/m", "context": 512}


def made(stated: dict[str, Any], **further: Any) -> EngineConfig:
    return engine_class(stated["kind"]).model_validate(stated | further)


@pytest.mark.parametrize(
    ("stated", "loads", "weights", "context", "identity", "reaches"),
    [
        (SERVER, None, None, None, "m", ["base_url", "api_key_env"]),
        (SERVER | {"headers": {"x-team": "a"}}, None, None, None, "m", ["base_url", "api_key_env", "headers"]),
        (SERVER | {"extra_body": {"top_k": 4}}, None, None, None, 'm {"top_k": 4}', ["base_url", "api_key_env"]),
        (GGUF, "gguf", "m.gguf", 512, None, []),
        (GGUF | {"adapter": "/a.gguf"}, "gguf", "m.gguf", 512, None, ["adapter"]),
        (CHECKPOINT, "checkpoint", "hf:org/m", 512, None, []),
        (CHECKPOINT | {"adapter": "/a"}, "checkpoint", "hf:org/m", 512, None, ["adapter"]),
        (VLLM, "checkpoint", "hf:org/m", 512, None, ["args"]),
        (VLLM | {"python": "/envs/v/bin/python"}, "checkpoint", "hf:org/m", 512, None, ["python", "args"]),
    ],
)
def test_each_engine_answers_for_itself(
    stated: dict[str, Any],
    loads: str | None,
    weights: str | None,
    context: int | None,
    identity: str | None,
    reaches: list[str],
) -> None:
    engine = made(stated)
    assert (engine.loads, engine.weights, engine.context_length, engine.identity()) == (
        loads,
        weights,
        context,
        identity,
    )
    assert [reach.field for reach in engine.reaches()] == reaches


@pytest.mark.parametrize("stated", [GGUF, CHECKPOINT, VLLM])
def test_a_local_engine_takes_another_model_and_an_adapter(stated: dict[str, Any]) -> None:
    engine = made(stated).with_adapter(Path("/a")).with_model("other")
    assert engine == made(stated, model="other", adapter="/a")
    assert engine.loaded_adapter == Path("/a")
    assert engine.with_adapter(None) == made(stated, model="other")


def test_who_a_served_model_is_can_be_told_without_its_key() -> None:
    assert made(SERVER, headers={"api-key": "${SET_NOWHERE}"}).identity() == "m"


def test_only_a_server_has_to_be_told_where_to_stop() -> None:
    assert made(SERVER).stop_setting("<|end|>") == "engine.extra_body: {stop: ['<|end|>']}"
    assert made(GGUF).stop_setting("<|end|>") is made(CHECKPOINT).stop_setting("<|end|>") is None


def test_the_default_is_one_of_those_that_come_along() -> None:
    assert default_engine().kind in engine_kinds()[:2] == ["openai", "auto"]


@pytest.mark.parametrize("place", ["engine", "evaluation.engine", "evaluation.tuned_engine"])
@pytest.mark.parametrize(
    ("engine", "says"),
    [
        (
            {},
            ".kind` must be one of openai, auto, llamacpp, openvino, transformers, vllm, simulated, or `module:Class`",
        ),
        ({"kind": None, "model": "m"}, ".kind` must be one of openai"),
        ({"kind": 7}, ".kind` must be one of openai"),
        ({"kind": "OpenAI", "model": "m"}, ".kind` must be one of openai"),
        ("openai", "` must be a mapping"),
        (7, "` must be a mapping"),
        (["openai"], "` must be a mapping"),
        ({"kind": "openai", "model": "m"}, ".base_url` is missing"),
        ({"kind": "llamacpp", "modell": "m"}, ".modell`; did you mean `model`?"),
        ({"kind": "transformers", "model": "m", "dtype": "int3"}, ".dtype` must be 'auto'"),
    ],
)
def test_a_fault_of_an_engine_is_named_where_it_stands(place: str, engine: Any, says: str, tmp_path: Path) -> None:
    mapping = toy_mapping(write_questions(tmp_path, 1))
    outer, _, inner = place.partition(".")
    mapping[outer] = {inner: engine} if inner else engine
    with pytest.raises(ConfigError) as raised:
        config_from_mapping(mapping)
    assert f"`{place}{says}" in str(raised.value)
