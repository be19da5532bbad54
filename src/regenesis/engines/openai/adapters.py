"""A LoRA adapter that a server loads while it runs, as vLLM does where its start allows it.

await load_adapter(client, "http://127.0.0.1:8000/v1", name, folder)
"""

from __future__ import annotations

import json
from pathlib import Path

from regenesis.engines.openai.addresses import address
from regenesis.engines.openai.bodies import BrokenReply
from regenesis.engines.openai.client import Client
from regenesis.engines.openai.complaints import error_words, shorten
from regenesis.engines.openai.wire import Interrupted, Unreachable
from regenesis.errors import EngineError
from regenesis.proxies import environment_proxy

_PATIENCE = 300.0
"""Seconds for a server to read an adapter, perhaps from a slow disk."""


async def load_adapter(client: Client, url: str, name: str, folder: Path) -> None:
    """Has a server load an adapter under a name, or finds that it has; one that cannot be reached is left to others.

    Raises:
        EngineError: The server does not load it. The text is not redacted.
    """
    asked = address(url, "load_lora_adapter")
    body = json.dumps({"lora_name": name, "lora_path": str(folder)}).encode()
    try:
        response = await client.request("POST", asked, body, timeout=_PATIENCE, proxy=environment_proxy(url))
    except (Unreachable, Interrupted, BrokenReply, TimeoutError):
        return  # what asks for the models tells of it
    if response.status == 200:
        return
    words = error_words(response.body, response.headers.get("content-type", ""))
    if response.status == 400 and "already" in words:
        return
    if response.status in (404, 405, 501):
        why = (
            "it loads no adapters while it runs. Start vLLM with `VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 vllm serve MODEL "
            "--enable-lora --max-lora-rank 64`; or serve the adapter under a name of its own, say so in "
            "evaluation.tuned_engine, and leave engine.load_adapters out."
        )
    else:
        why = (
            f"{shorten(words).rstrip('.')}. The server has to see that folder under the same path, and to be started "
            "with a --max-lora-rank that is large enough."
        )
    raise EngineError(f"{asked} answered {response.status} to the adapter {folder}: {why}")
