"""The engine over a program that takes vLLM's command line: its start, its deaths, its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.engines.vllm.conftest import Opened, left_over, request_for, wait_until, write_adapter
from tests.fixtures.fake_vllm import starts

from regenesis.engines.together import engines_together
from regenesis.engines.vllm import VLLMEngine, VLLMEngineConfig
from regenesis.errors import EngineError, ModelError, RequestFailed
from regenesis.models import locate_weights

Settings = Callable[..., VLLMEngineConfig]


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    return tmp_path / "environment"


async def test_it_is_started_answers_and_leaves_no_process_behind(
    opened: Opened, environment: Path, checkpoint: Path
) -> None:
    async with opened({"starting": 0.3}) as engine:
        completion = await engine.complete(request_for())
        assert (completion.text[:8], completion.engine) == ("Scripted", "vllm")
        assert engine.model == f"{locate_weights(str(checkpoint)).identity}/auto"
        (start,) = starts(environment)
        assert left_over(environment) == start.processes
        assert start.arguments[:2] == ["serve", str(checkpoint)]
        assert "--enable-prefix-caching" in start.arguments
        assert "--enable-lora" not in start.arguments
        assert start.variables["HF_HUB_OFFLINE"] == "1"
    assert left_over(environment) == []


async def test_an_end_while_it_starts_is_told_with_its_last_words(opened: Opened, environment: Path) -> None:
    words = "ValueError: No available memory for the cache blocks."
    with pytest.raises(EngineError, match=r"vLLM ended while it started \(exit code 1\)(.|\n)*No available memory"):
        async with opened({"dies_starting": {"1": words}}):
            pass
    assert left_over(environment) == []


async def test_one_that_does_not_get_ready_is_ended(opened: Opened, environment: Path) -> None:
    with pytest.raises(EngineError, match=r"not ready after 1 s \(engine.start_timeout\)"):
        async with opened({"starting": 600}, start_timeout=1):
            pass
    assert left_over(environment) == []


async def test_an_open_that_is_cancelled_leaves_nothing(settings: Settings, environment: Path) -> None:
    task = asyncio.create_task(VLLMEngine(settings({"starting": 600})).open())
    await asyncio.to_thread(wait_until, lambda: bool(starts(environment)))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left_over(environment) == []


async def test_a_server_that_dies_is_started_again_and_every_request_is_answered(
    opened: Opened, environment: Path
) -> None:
    async with opened({"dies_after": {"1": 5, "2": 7}}) as engine:
        completions = await asyncio.gather(*(engine.complete(request_for(f"q{number}")) for number in range(20)))
        assert len(completions) == 20
        assert len(starts(environment)) == 3
        assert len({start.port for start in starts(environment)}) == 1
    assert left_over(environment) == []


async def test_one_that_keeps_dying_stops_the_engine_with_its_last_words(opened: Opened, environment: Path) -> None:
    async with opened({"dies_after": {str(number): 0 for number in range(1, 9)}}) as engine:
        answers = await asyncio.gather(
            *(engine.complete(request_for(f"q{n}")) for n in range(4)), return_exceptions=True
        )
        assert all(isinstance(answer, EngineError | RequestFailed) for answer in answers)
        with pytest.raises(EngineError, match=r"ended unexpectedly 4 times(.|\n)*illegal memory access"):
            await engine.complete(request_for("later"))
        assert len(starts(environment)) == 4
    assert left_over(environment) == []


async def test_a_restart_that_fails_counts_as_a_death(opened: Opened, environment: Path) -> None:
    words = "OSError: no space left"
    async with opened({"dies_after": {"1": 0}, "dies_starting": {"2": words, "3": words, "4": words}}) as engine:
        with pytest.raises(EngineError, match=r"ended unexpectedly 4 times(.|\n)*no space left"):
            await engine.complete(request_for())


async def test_a_request_that_servers_die_of_is_set_aside_and_the_others_are_answered(
    opened: Opened, environment: Path
) -> None:
    async with opened({"dies_of": "POISON", "delay": 0.01}, max_in_flight=2) as engine:

        async def others() -> int:
            return len([await engine.complete(request_for(f"q{number}")) for number in range(60)])

        async with asyncio.TaskGroup() as group:
            healthy = group.create_task(others())
            with pytest.raises(RequestFailed, match="bad \\(solve\\): vLLM ended 3 times"):
                await engine.complete(request_for("bad", text="POISON"))
        assert healthy.result() == 60


async def test_prefix_hits_are_those_of_this_engine(opened: Opened) -> None:
    async with opened() as engine:
        for number in range(4):
            await engine.complete(request_for(seed=number))
    assert engine.prefix_tokens == (400, 300)


async def test_replicas_share_the_questions_and_one_may_die(opened: Opened, environment: Path) -> None:
    async with opened({"dies_after": {"1": 6, "2": 99}}, replicas=2) as engine:
        await asyncio.gather(*(engine.complete(request_for(f"q{number}")) for number in range(40)))
        assert await asyncio.to_thread(wait_until, lambda: len(starts(environment)) > 2)
        assert len({start.port for start in starts(environment)}) == 2
    assert left_over(environment) == []


async def test_base_and_adapter_of_a_group_are_asked_on_one_server(
    settings: Settings, environment: Path, adapter: Path
) -> None:
    base = settings()
    tuned = base.with_adapter(adapter)
    async with engines_together([base, tuned]):
        identities = []
        for config in (base, tuned):
            engine = VLLMEngine(config)
            await engine.open()
            await engine.complete(request_for())
            identities.append(engine.model)
            await engine.close()
        (start,) = starts(environment)
        assert left_over(environment) == start.processes
    assert left_over(environment) == []
    assert {"--enable-lora", "--max-lora-rank=16"} <= set(start.arguments)
    assert identities[1].startswith(identities[0].removesuffix("/auto") + "+adapter@sha256:")
    asked = [json.loads(line)["model"] for line in requests(environment)]
    assert [f"{name}/auto" for name in asked] == identities


async def test_another_model_of_a_group_is_started_when_the_first_is_gone(
    settings: Settings, environment: Path, checkpoint: Path, tmp_path: Path
) -> None:
    other = tmp_path / "whole"
    other.mkdir()
    for file in checkpoint.iterdir():
        (other / file.name).write_bytes(file.read_bytes() + b" ")
    configs = [settings(), settings().with_model(str(other))]
    async with engines_together(configs):
        for number, config in enumerate(configs, start=1):
            engine = VLLMEngine(config)
            await engine.open()
            await engine.close()
            assert left_over(environment) == starts(environment)[-1].processes
            assert len(starts(environment)) == number


async def test_adapters_of_one_folder_name_are_told_apart(
    settings: Settings, tmp_path: Path, environment: Path
) -> None:
    (tmp_path / "round-2").mkdir()
    adapters = [write_adapter(tmp_path / "model", 8), write_adapter(tmp_path / "round-2" / "model", 20)]
    (adapters[1] / "adapter_model.safetensors").write_bytes(b"others")
    configs = [settings().with_adapter(adapter) for adapter in adapters]
    async with engines_together(configs):
        names = []
        for config in configs:
            engine = VLLMEngine(config)
            await engine.open()
            names.append(engine.model)
            await engine.close()
    assert len(set(names)) == 2
    assert "--max-lora-rank=32" in starts(environment)[0].arguments


async def test_a_gguf_model_is_refused_before_anything_is_started(
    settings: Settings, environment: Path, tmp_path: Path
) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError, match="is a GGUF file, and vLLM serves checkpoints"):
        await VLLMEngine(settings(model=str(file))).open()
    assert starts(environment) == []


@pytest.mark.parametrize(
    ("python", "says"),
    [("nowhere/bin/python", "belongs to no environment with vLLM"), (None, "is not installed in this environment")],
)
async def test_without_vllm_the_error_says_how_to_get_it(settings: Settings, python: str | None, says: str) -> None:
    with pytest.raises(EngineError, match=says):
        await VLLMEngine(settings(python=python)).open()


def requests(environment: Path) -> list[str]:
    return (environment / "bin" / "requests.jsonl").read_text().splitlines()
