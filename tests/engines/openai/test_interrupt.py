"""Ctrl-C in the middle of requests, in a process of its own so that the interpreter's last words are seen."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request

from tests.fixtures.scripted_server import server_process

ASKING = """
import asyncio, sys
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.engines.openai import OpenAIEngine
from regenesis.types import Message, Request, Sampling

async def main(url):
    engine = OpenAIEngine(OpenAIEngineConfig(kind="openai", base_url=url, model="scripted", max_in_flight=4))
    await engine.open()
    try:
        await asyncio.gather(*(
            engine.complete(Request("scripted", (Message("user", "?"),), Sampling(1, 1, 8), seed, 0, "q", "solve"))
            for seed in range(12)
        ))
    finally:
        await engine.close()

try:
    asyncio.run(main(sys.argv[1]))
except KeyboardInterrupt:
    sys.exit(7)
"""


def received(url: str) -> int:
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/stats") as response:
        return int(json.load(response)["requests"])


def test_an_interrupt_ends_at_once_and_without_a_warning() -> None:
    with server_process("--fault-rate", "1", "--faults", "hang") as url:
        command = [sys.executable, "-W", "always", "-c", ASKING, url]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as asking:
            while received(url) < 4:
                assert asking.poll() is None
                time.sleep(0.02)
            asking.send_signal(signal.SIGINT)
            _, last_words = asking.communicate()
    assert last_words == ""
    assert asking.returncode == 7
