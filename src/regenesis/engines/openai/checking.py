"""Do the servers of a config answer, take the key and know the model?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from regenesis.engines.openai.client import Client
from regenesis.engines.openai.credentials import Credential
from regenesis.engines.openai.discovery import look
from regenesis.errors import EngineError
from regenesis.findings import Finding

if TYPE_CHECKING:
    from regenesis.engines.openai.config import OpenAIEngineConfig

_PATIENCE = 5.0


async def check_servers(engine: OpenAIEngineConfig) -> list[Finding]:
    """What each URL says when it is asked for its models; no completion is asked for."""
    try:
        credential = Credential(engine.api_key_env, engine.headers)
    except EngineError as error:
        return [Finding("engine", "fail", str(error))]
    client = Client(credential.headers(), connect_timeout=_PATIENCE)
    try:
        return list(
            await asyncio.gather(*(_check_server(url, engine.model, client, credential) for url in engine.urls))
        )
    finally:
        await client.close()


async def _check_server(url: str, model: str, client: Client, credential: Credential) -> Finding:
    try:
        sight = await look(client, url, model, credential, _PATIENCE)
    except EngineError as error:
        return Finding("engine", "fail", credential.redact(str(error)))
    if sight.trouble:
        advice = "Start the server or correct its URL."
        return Finding("engine", "fail", credential.redact(sight.trouble) + ".", advice)
    if sight.doubt:
        return Finding("engine", "warn", credential.redact(sight.doubt), "The first request decides.")
    serves = f"and serves {model}" if sight.listed else f"but does not say whether it serves {model}"
    return Finding("engine", "ok", f"{url} answers {serves}.")
