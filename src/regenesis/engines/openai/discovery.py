"""Finds out, before anything is spent, whether a server is there, takes the key and knows the model.

trouble = await look(session, url, model, variable="OPENAI_API_KEY")   # None, or why the URL is of no use now
"""

from __future__ import annotations

import difflib
import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from regenesis.engines.openai.exchange import describe, read_bounded
from regenesis.engines.openai.proxies import environment_proxy
from regenesis.engines.openai.replies import BrokenReply, error_words, listed_models, shorten
from regenesis.errors import EngineError

if TYPE_CHECKING:
    from aiohttp import ClientSession

logger = logging.getLogger(__name__)

_PATIENCE = 30.0
"""Seconds for `GET /models`, which every server answers from memory."""

_NAMES_SHOWN = 5


async def look(session: ClientSession, url: str, model: str, variable: str) -> str | None:
    """Asks a server for its models.

    A server without that list (404, 405, 501) is taken as it is. So is one that answers with another error: it is
    there, and the requests that follow have retries of their own.

    Args:
        session: Sends the key, if there is one.
        url: The base URL.
        model: The name that must be among those listed.
        variable: The environment variable of the key, to be named in errors.

    Returns:
        `None` if the server can be used, or why it cannot be reached.

    Raises:
        EngineError: It is there, and no request to it can succeed. The text is not redacted.
    """
    import aiohttp

    address = f"{url}/models"
    try:
        timeout = aiohttp.ClientTimeout(total=_PATIENCE, sock_connect=session.timeout.sock_connect)
        async with session.get(
            address, timeout=timeout, allow_redirects=False, proxy=environment_proxy(url)
        ) as response:
            status, body = response.status, await read_bounded(response)
    except TimeoutError:
        return f"GET {address}: no answer in time"
    except (aiohttp.ClientError, OSError) as error:
        return f"GET {address}: {describe(error)}"
    except BrokenReply as error:
        return f"GET {address}: {error}"
    if status in (401, 403):
        raise EngineError(wrong_key(url, status, error_words(body), variable, sent="Authorization" in session.headers))
    if status == 200:
        _must_list(listed_models(body), model, address)
    elif status == 404 and (hint := path_hint(url)):
        logger.warning("GET %s: HTTP 404. %s", address, hint)
    elif status not in (404, 405, 501):
        logger.warning("GET %s: HTTP %d; going on, the server may still be starting", address, status)
    return None


def path_hint(url: str) -> str:
    """What to try where nothing is found at a URL without a path; empty for a URL that has one."""
    return "" if urlsplit(url).path.strip("/") else f"Most servers are at /v1: try {url.rstrip('/')}/v1."


def wrong_key(url: str, status: int, words: str, variable: str, *, sent: bool) -> str:
    """What to say of a 401 or 403. The server's words are not redacted."""
    if sent:
        advice = f"It does not accept the key in the environment variable {variable}: set it to a valid one."
    else:
        advice = (
            f"The environment variable {variable} is not set: put the key there, or name another variable by "
            "engine.api_key_env."
        )
    return f"{url} answered {status}: {words.rstrip('.')}. {advice}"


def _must_list(names: list[str] | None, model: str, address: str) -> None:
    # Ollama lists `name:latest` and accepts `name`
    if names is None or model in names or f"{model}:latest" in names:
        return
    nearest = difflib.get_close_matches(model, names, n=1, cutoff=0.4)
    hint = f"Did you mean {nearest[0]!r}? " if nearest else ""
    others = ", ".join(shorten(name) for name in names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    raise EngineError(
        f"engine.model is {model!r}, which {address} does not list. {hint}It lists: {others}{more}. "
        "Set engine.model to one of them."
    )
