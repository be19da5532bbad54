"""Proxies are taken from the environment, credentials of other programs are not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from tests.fixtures.scripted_server import ScriptedServer

from regenesis.engines.openai import OpenAIEngine
from regenesis.errors import EngineError
from regenesis.types import Request

Opened = Callable[..., AbstractAsyncContextManager[OpenAIEngine]]
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_requests_go_through_the_proxy(
    opened: Opened, request_for: Callable[..., Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ScriptedServer() as server:
        asked: list[bytes] = []

        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n")
            asked.append(head)
            inner, outer = await asyncio.open_connection("127.0.0.1", int(server.base_url.split(":")[2].split("/")[0]))
            outer.write(head.replace(b"http://models.example", b"") + await reader.read(65536))
            writer.write(await inner.read(65536))
            for stream in (outer, writer):
                stream.close()

        proxy = await asyncio.start_server(forward, "127.0.0.1", 0)
        async with proxy:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
            async with opened("http://models.example/v1") as engine:
                completion = await engine.complete(request_for())
    assert completion.text.startswith("Scripted answer")
    assert [line.split(b" ")[:2] for line in asked] == [
        [b"GET", b"http://models.example/v1/models"],
        [b"POST", b"http://models.example/v1/chat/completions"],
    ]


async def test_a_netrc_entry_for_the_server_changes_nothing(
    opened: Opened, request_for: Callable[..., Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("RIGHT_KEY", "sk-right-one")
    async with (
        ScriptedServer(key="sk-right-one") as server,
        opened(server.base_url, api_key_env="RIGHT_KEY") as engine,
    ):
        assert (await engine.complete(request_for())).text


@pytest.mark.parametrize("status", [403, 407, 503])
async def test_a_proxy_is_named_in_what_it_answers(
    status: int,
    opened: Opened,
    request_for: Callable[..., Request],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def turn_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        page = b"<html><title>Blocked</title></html>"
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(page)}\r\nConnection: close\r\n\r\n".encode() + page)
        writer.close()

    proxy = await asyncio.start_server(turn_away, "127.0.0.1", 0)
    async with proxy:
        place = f"127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        monkeypatch.setenv("http_proxy", f"http://me:open-sesame@{place}")
        async with opened("http://models.example/v1") as engine:
            with pytest.raises(EngineError) as raised:
                await engine.complete(request_for())
    shown = f"{raised.value} {caplog.text}"
    assert f"through the proxy http://{place} (no_proxy=models.example avoids it)" in str(raised.value)
    assert "Blocked" in str(raised.value)
    assert "open-sesame" not in shown
