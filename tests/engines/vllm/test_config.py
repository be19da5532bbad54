"""What a config may say, and the command line and environment that come of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.engines.vllm.conftest import write_adapter

from regenesis.engines.vllm import VLLMEngineConfig
from regenesis.engines.vllm.command import environment, gpus_by_replica, lora_rank, serve_arguments, visible_gpus
from regenesis.engines.vllm.metrics import prefix_tokens
from regenesis.errors import ConfigError, EngineError


def config(**fields: Any) -> VLLMEngineConfig:
    return VLLMEngineConfig.model_validate({"kind": "vllm", "model": "hf:org/m"} | fields)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"max_model_len": 8192}, ["--max-model-len=8192"]),
        ({"--max-num-seqs": 4}, ["--max-num-seqs=4"]),
        ({"enforce-eager": True}, ["--enforce-eager"]),
        ({"enable_prefix_caching": False}, ["--no-enable-prefix-caching"]),
        ({"hf_overrides": {"a": 1}}, ["--hf-overrides", '{"a": 1}']),
        ({"middleware": ["a", "b"]}, ["--middleware", "a", "b"]),
        ({"chat_template": "-x"}, ["--chat-template=-x"]),
        ({"generation_config": None}, []),
    ],
)
def test_options_become_words_of_the_command_line(args: dict[str, Any], words: list[str], tmp_path: Path) -> None:
    arguments = serve_arguments(config(args=args), tmp_path, "m", {}, 1234)
    usual = serve_arguments(config(), tmp_path, "m", {}, 1234)
    assert [word for word in arguments if word not in usual] == words
    assert ("--generation-config=vllm" in arguments) == (args != {"generation_config": None})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"args": {"port": 80}}, "port is set by the engine itself"),
        ({"args": {"lora_modules": "a=b"}}, "use engine.adapter instead"),
        ({"args": {"data-parallel-size": 2}}, "use engine.replicas instead"),
        ({"args": {"max model len": 2}}, "is no option of `vllm serve`"),
        ({"args": {"": 2}}, "is no option of `vllm serve`"),
        ({"args": {"max_num_seqs": 2, "max-num-seqs": 3}}, "is given twice"),
        ({"args": {"tensor_parallel_size": "two"}}, "tensor_parallel_size must be a positive integer"),
        ({"args": {"tensor_parallel_size": 0}}, "tensor_parallel_size must be a positive integer"),
        ({"args": {"max_model_len": True}}, "max_model_len must be a positive integer"),
        ({"args": {"hf_token": "hf_abcdefghijklmnopqrstuvwxyz0123456789"}}, "key"),
        ({"replicas": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_used_is_named(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        config(**fields)


def test_what_computes_differently_is_another_model_and_what_is_only_faster_is_not() -> None:
    assert config(args={"max_num_seqs": 8, "enforce_eager": True, "dtype": "float16"}).shaping == {}
    assert config(args={"quantization": "fp8"}).shaping == {"args": {"quantization": "fp8"}}
    assert config(args={"dtype": "float16", "quantization": "fp8"}).precision("") == "float16/fp8"


@pytest.mark.parametrize(
    ("replicas", "each", "gpus", "placed"),
    [
        (1, 1, [], [[]]),
        (2, 1, [], [[], []]),
        (2, 1, ["0", "1", "2"], [["0"], ["1"]]),
        (2, 2, ["4", "5", "6", "7"], [["4", "5"], ["6", "7"]]),
    ],
)
def test_each_replica_has_gpus_of_its_own(replicas: int, each: int, gpus: list[str], placed: list[list[str]]) -> None:
    assert gpus_by_replica(config(replicas=replicas, args={"tensor_parallel_size": each}), gpus) == placed


def test_too_few_gpus_are_told_with_their_number() -> None:
    with pytest.raises(ConfigError, match="3 replicas of 2 GPUs need 6 GPUs, and 4 are visible here"):
        gpus_by_replica(config(replicas=3, args={"tensor_parallel_size": 2}), ["0", "1", "2", "3"])


@pytest.mark.parametrize(
    ("variables", "seen"),
    [({}, ["0", "2", "10"]), ({"CUDA_VISIBLE_DEVICES": "3, 5"}, ["3", "5"]), ({"CUDA_VISIBLE_DEVICES": ""}, [])],
)
def test_gpus_are_those_that_a_program_would_see(variables: dict[str, str], seen: list[str], tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    assert visible_gpus(variables, tmp_path) == seen


def test_its_environment_is_its_own() -> None:
    given = {"PATH": "/usr/bin", "PYTHONPATH": "/x", "VIRTUAL_ENV": "/y", "HF_HUB_OFFLINE": "0", "HOME": "/root"}
    made = environment(Path("/envs/vllm/bin/vllm"), ["2", "3"], given)
    assert made["PATH"] == "/envs/vllm/bin:/usr/bin"
    assert (made["CUDA_VISIBLE_DEVICES"], made["HF_HUB_OFFLINE"], made["HOME"]) == ("2,3", "0", "/root")
    assert not {"PYTHONPATH", "VIRTUAL_ENV"} & made.keys()


@pytest.mark.parametrize(("ranks", "room"), [([1], 8), ([8], 8), ([9], 16), ([64, 16], 64), ([300], 320)])
def test_room_is_made_for_the_largest_adapter(ranks: list[int], room: int, tmp_path: Path) -> None:
    adapters = [write_adapter(tmp_path / str(rank), rank) for rank in ranks]
    assert lora_rank(adapters) == room


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"r": 600}', "up to rank 512. Merge it instead"),
        ("{}", "cannot be read"),
        ("[", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"r": "many"}', "cannot be read"),
    ],
)
def test_an_adapter_that_cannot_be_served_is_named(text: str, says: str, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter")
    (adapter / "adapter_config.json").write_text(text)
    with pytest.raises(EngineError, match=says):
        lora_rank([adapter])


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("", (0, 0)),
        ('vllm:prefix_cache_queries_total{a="0"} 1.2e+03\nvllm:prefix_cache_hits_total{a="0"} 300.0', (1200, 300)),
        ('vllm:prefix_cache_queries_total{a="0"} 10\nvllm:prefix_cache_queries_total{a="1"} 5', (15, 0)),
        ("vllm:prefix_cache_queries_total 1e1.5\nvllm:prefix_cache_hits_total 7", (0, 0)),
        ("# HELP vllm:prefix_cache_queries_total 4", (0, 0)),
    ],
)
def test_prefix_counts_are_read_as_far_as_they_make_sense(text: str, counts: tuple[int, int]) -> None:
    assert prefix_tokens(text) == counts


def test_a_strangers_config_says_what_it_would_start(tmp_path: Path) -> None:
    stated = config(python=tmp_path / "bin/python", args={"trust_remote_code": True}, adapter=tmp_path / "a")
    assert {reach.field for reach in stated.reaches()} == {"python", "args", "adapter"}


def make_checks(settings: Callable[..., VLLMEngineConfig], **fields: Any) -> dict[str, str]:
    return {finding.check: finding.status for finding in settings(**fields).check()}


def test_doctor_finds_program_model_and_adapter(
    settings: Callable[..., VLLMEngineConfig], adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert make_checks(settings, adapter=adapter) == {"engine": "ok", "model": "ok", "adapter": "ok"}
    broken = {"python": tmp_path / "no/python", "replicas": 3, "model": "pypi:m", "adapter": tmp_path}
    assert set(make_checks(settings, **broken).values()) == {"fail"}
