"""A checkpoint that a fake vLLM can be started with, and engines over it."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.fake_vllm import left_over, write_fake_vllm

from regenesis.engines.vllm import VLLMEngine, VLLMEngineConfig
from regenesis.types import Message, Request, Sampling

Opened = Callable[..., AbstractAsyncContextManager[VLLMEngine]]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """What counts as a checkpoint where nothing reads the weights."""
    folder = tmp_path / "model-1b"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter")


def write_adapter(folder: Path, rank: int = 16) -> Path:
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": rank}))
    (folder / "adapter_model.safetensors").write_bytes(folder.name.encode())
    return folder


@pytest.fixture
def settings(tmp_path: Path, checkpoint: Path) -> Callable[..., VLLMEngineConfig]:
    """A config over a fake vLLM; `fake` says how that behaves."""

    def make(fake: dict[str, Any] | None = None, **fields: Any) -> VLLMEngineConfig:
        environment = tmp_path / "environment"
        if not environment.exists():
            write_fake_vllm(environment, **(fake or {}))
        retry = {"attempts": 8, "first_wait": 0.01, "longest_wait": 0.05}
        stated = {"kind": "vllm", "model": str(checkpoint), "python": environment / "bin/python", "retry": retry}
        return VLLMEngineConfig.model_validate(stated | fields)

    return make


@pytest.fixture
def opened(settings: Callable[..., VLLMEngineConfig], tmp_path: Path) -> Opened:
    @asynccontextmanager
    async def open_(fake: dict[str, Any] | None = None, **fields: Any) -> AsyncIterator[VLLMEngine]:
        engine = VLLMEngine(settings(fake, **fields))
        await engine.open()
        try:
            yield engine
        finally:
            await engine.close()

    return open_


def request_for(question: str = "q", text: str = "How many?", seed: int = 1) -> Request:
    return Request("model", (Message("user", text),), Sampling(0.8, 0.95, 64), seed, 0, question, "solve")


def wait_until(settled: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether something comes to be so; the limit is only met by what never does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if settled():
            return True
        time.sleep(0.02)
    return False


__all__ = ["Opened", "left_over", "request_for", "wait_until", "write_adapter"]
