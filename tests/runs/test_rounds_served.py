"""Rounds on servers: each round asks the model that the one before has trained, by a name of its contents."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.fake_vllm import left_over, write_fake_vllm
from tests.fixtures.script import play_arithmetic
from tests.fixtures.scripted_server import ScriptedServer
from tests.helpers.runs import toy_config, write_questions
from tests.helpers.trainable import save_tiny_checkpoint

from regenesis.config import RunConfig
from regenesis.runs import synthesize
from regenesis.runs.loop import stages


async def two_rounds(config: RunConfig, run: Path) -> None:
    """Two rounds, with trainings that leave an adapter of other contents each."""
    for stage in stages(config, run, 2):
        if stage.kind == "synthesize":
            assert (await synthesize(stage.config, stage.directory)).complete
        elif stage.kind == "train":
            model = stage.directory / "model"
            model.mkdir()
            (model / "adapter_config.json").write_text(json.dumps({"r": 8}))
            (model / "adapter_model.safetensors").write_bytes(stage.directory.name.encode())


def names(requests: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(body["model"] for body in requests))


async def test_a_server_that_loads_adapters_is_asked_for_each_rounds_model(tmp_path: Path) -> None:
    async with ScriptedServer(answer=play_arithmetic, loads_adapters=True) as server:
        config = toy_config(
            write_questions(tmp_path, 3),
            server.base_url,
            engine={"load_adapters": True},
            training={"model": "hf:org/model"},
        )
        await two_rounds(config, tmp_path / "run")
    base, tuned = names(server.requests)
    assert base == "scripted"
    assert tuned.startswith("scripted+model@sha256:")


@pytest.mark.model
def test_vllm_is_started_with_each_rounds_adapter(tmp_path: Path) -> None:
    python = write_fake_vllm(tmp_path / "vllm", play="arithmetic")
    base = save_tiny_checkpoint(tmp_path / "tiny")
    parts = {"engine": {"kind": "vllm", "model": str(base), "python": str(python), "max_in_flight": 8}}
    config = toy_config(write_questions(tmp_path, 3))
    config = RunConfig.model_validate(config.model_dump(mode="json") | parts)
    asyncio.run(two_rounds(config, tmp_path / "run"))
    log = (tmp_path / "vllm" / "bin" / "requests.jsonl").read_text().splitlines()
    asked = names([json.loads(line) for line in log])
    assert len(asked) == 2
    assert asked[1].startswith(f"{asked[0]}+model@sha256:")
    assert left_over(tmp_path / "vllm") == []
