"""Finds out, before anything is spent, whether a server is there, takes the key and knows the model.

    sight = await look(client, url, model, credential)
    sight.trouble     # why the URL is of no use now, or None
    sight.doubt       # what may be wrong; the first request decides

A list of models is no more than a hint: gateways list `*`, a path, or nothing of what they serve.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from regenesis.engines.openai.addresses import address, path_hint
from regenesis.engines.openai.bodies import BrokenReply
from regenesis.engines.openai.client import Client
from regenesis.engines.openai.complaints import error_words, shorten
from regenesis.engines.openai.credentials import Credential
from regenesis.engines.openai.replies import listed_models
from regenesis.engines.openai.wire import Interrupted, Unreachable
from regenesis.errors import EngineError
from regenesis.proxies import environment_proxy, through

_PATIENCE = 30.0
"""Seconds for `GET /models`, which every server answers from memory."""

_NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sight:
    """What was found at a URL. None of the texts is redacted.

    Attributes:
        trouble: Why it cannot be reached, `None` if it can.
        doubt: What may be wrong with it, `None` if nothing seems to be.
        listed: Whether it lists the model among those that it serves.
    """

    trouble: str | None = None
    doubt: str | None = None
    listed: bool = False


async def look(client: Client, url: str, model: str, credential: Credential, patience: float = _PATIENCE) -> Sight:
    """Asks a server for its models.

    A server without that list (404, 405, 501) is taken as it is. So is one that answers with another error: it is
    there, and the requests that follow have retries of their own.

    Args:
        client: Sends the key, if there is one.
        url: The base URL.
        model: The name that should be among those listed.
        credential: What the client sends, to be named in errors.
        patience: Seconds to wait for the answer.

    Raises:
        EngineError: It is there, and no request to it can succeed. The text is not redacted.
    """
    asked = address(url, "models")
    proxy = environment_proxy(url)
    way = f" {through(proxy, url)}" if proxy else ""
    try:
        response = await client.request("GET", asked, timeout=patience, proxy=proxy)
    except TimeoutError:
        return Sight(f"GET {asked}{way}: no answer in time")
    except (Unreachable, Interrupted, BrokenReply) as error:
        return Sight(f"GET {asked}{way}: {error}")
    status, body = response.status, response.body
    words = error_words(body, response.headers.get("content-type", ""))
    if status == 401:
        raise EngineError(wrong_key(f"{url}{way}", status, words, credential, proxied=proxy is not None))
    if status == 200:
        names = listed_models(body)
        return Sight(doubt=_unlisted(names, model, asked), listed=model in (names or ()))
    if status in (404, 405, 501):
        hint = path_hint(url) if status == 404 else ""
        return Sight(doubt=f"GET {asked}{way}: HTTP {status}. {hint}" if hint else None)
    if 300 <= status < 400:
        words = f"a redirect to {response.headers.get('location', 'nowhere')}"
    going_on = "the server may still be starting" if status >= 500 and not proxy else "the first request decides"
    return Sight(doubt=f"GET {asked}{way}: HTTP {status} ({shorten(words).rstrip('.')}); going on, {going_on}.")


def wrong_key(place: str, status: int, words: str, credential: Credential, *, proxied: bool = False) -> str:
    """What to say of a 401 or 403, which a proxy on the way may give too. The server's words are not redacted."""
    if credential.is_set:
        held = " or ".join(credential.variables)
        advice = f"It does not accept the key in the environment variable {held}: set it to a valid one."
    else:
        advice = (
            f"The environment variable {credential.variable} is not set: put the key there, or name another variable "
            "by engine.api_key_env. If the server wants the key in a header of its own, add that to engine.headers, as "
            "in {api-key: '${" + credential.variable + "}'}."
        )
    unless = "If that is not the proxy's own answer: " if proxied else ""
    return f"{place} answered {status}: {words.rstrip('.')}. {unless}{advice}"


def _unlisted(names: list[str] | None, model: str, asked: str) -> str | None:
    """That a server does not list the model, `None` if it does or lists no names to go by."""
    # Ollama lists `name:latest` and accepts `name`
    if names is None or {model, f"{model}:latest", "*"} & set(names):
        return None
    nearest = difflib.get_close_matches(model, names, n=1, cutoff=0.4)
    hint = f" Did you mean {shorten(nearest[0])!r}?" if nearest else ""
    others = ", ".join(shorten(name) for name in names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    listed = f"it lists {others}{more}"
    return f"engine.model is {model!r}, which {asked} does not list ({listed}).{hint}"
