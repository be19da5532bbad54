"""Do the servers of a config answer, take the key and know the model?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from regenesis.engines.openai.credentials import Credential
from regenesis.engines.openai.discovery import Sight, look
from regenesis.errors import EngineError
from regenesis.findings import Finding

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from regenesis.engines.openai.config import OpenAIEngineConfig

_PATIENCE = 5.0


async def check_servers(engine: OpenAIEngineConfig) -> list[Finding]:
    """What each URL says when it is asked for its models; no completion is asked for."""
    import aiohttp

    try:
        credential = Credential(engine.api_key_env, engine.headers)
    except EngineError as error:
        return [Finding("engine", "fail", str(error))]
    timeout = aiohttp.ClientTimeout(total=_PATIENCE, sock_connect=_PATIENCE)
    async with aiohttp.ClientSession(headers=credential.headers(), timeout=timeout) as session:
        return list(
            await asyncio.gather(*(_check_server(url, engine.model, session, credential) for url in engine.urls))
        )


async def _check_server(url: str, model: str, session: ClientSession, credential: Credential) -> Finding:
    try:
        async with asyncio.timeout(_PATIENCE):
            sight = await look(session, url, model, credential)
    except EngineError as error:
        return Finding("engine", "fail", credential.redact(str(error)))
    except TimeoutError:
        sight = Sight(f"{url}: no answer within {_PATIENCE:.0f} seconds")
    if sight.trouble:
        advice = "Start the server or correct its URL."
        return Finding("engine", "fail", credential.redact(sight.trouble) + ".", advice)
    if sight.doubt:
        return Finding("engine", "warn", credential.redact(sight.doubt), "The first request decides.")
    return Finding("engine", "ok", f"{url} answers and serves {model}.")
