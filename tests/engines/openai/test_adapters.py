"""An adapter that the server loads while it runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from tests.fixtures.scripted_server import ScriptedServer

from regenesis.config import config_from_mapping
from regenesis.engines.openai import OpenAIEngine
from regenesis.errors import ConfigError, EngineError
from regenesis.types import Request

Opened = Callable[..., AbstractAsyncContextManager[OpenAIEngine]]
RequestFor = Callable[..., Request]


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": 8}))
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    return folder


async def test_it_is_loaded_under_a_name_of_its_contents_and_asked_by_it(
    adapter: Path, opened: Opened, request_for: RequestFor
) -> None:
    async with ScriptedServer(loads_adapters=True) as server:
        async with opened(server.base_url, load_adapters=True, adapter=adapter) as engine:
            await engine.complete(request_for())
            first = engine.model
        (adapter / "adapter_model.safetensors").write_bytes(b"trained anew")
        async with opened(server.base_url, load_adapters=True, adapter=adapter) as engine:
            await engine.complete(request_for())
    assert first.startswith("scripted+model@sha256:")
    assert [body["model"] for body in server.requests] == [first, engine.model]
    assert first != engine.model


async def test_one_that_is_loaded_already_is_asked(adapter: Path, opened: Opened) -> None:
    async with ScriptedServer(loads_adapters=True) as server:
        for _ in range(2):
            async with opened(server.base_url, load_adapters=True, adapter=adapter):
                pass
        assert server.models is not None
        assert len(server.models) == 2


async def test_a_server_that_loads_none_is_named_with_what_to_do(adapter: Path, opened: Opened) -> None:
    async with ScriptedServer() as server:
        with pytest.raises(EngineError, match=r"answered 404.*VLLM_ALLOW_RUNTIME_LORA_UPDATING=1.*tuned_engine"):
            async with opened(server.base_url, load_adapters=True, adapter=adapter):
                pass


async def test_what_the_server_says_against_it_is_told(
    adapter: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ScriptedServer(loads_adapters=True) as server:
        monkeypatch.setattr(server, "load_adapter", lambda _: _refusal())
        with pytest.raises(EngineError, match=r"answered 400 .*LoRA rank 128 is greater than .*--max-lora-rank"):
            async with opened(server.base_url, load_adapters=True, adapter=adapter):
                pass


def _refusal() -> bytes:
    from tests.fixtures.scripted_server import http_response

    return http_response(400, b'{"error": {"message": "LoRA rank 128 is greater than max_lora_rank 16."}}')


def test_a_served_adapter_is_named_by_its_model() -> None:
    engine = {"kind": "openai", "base_url": "http://x/v1", "model": "m", "adapter": "runs/x/model"}
    with pytest.raises(ConfigError, match="adapter needs load_adapters: true"):
        config_from_mapping({"tasks": ["gsm8k"], "engine": engine})
