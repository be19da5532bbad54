"""One HTTP exchange with a server, and what came of it as a value.

    match await exchange(session, f"{url}/chat/completions", body):
        case Answered(reply): ...

Every way in which a server or the network can fail becomes one of five outcomes; only cancellation and
programming errors leave as exceptions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from regenesis.engines.openai.backoff import retry_after_seconds
from regenesis.engines.openai.bodies import BrokenReply
from regenesis.engines.openai.complaints import error_code, error_words, is_filtered
from regenesis.engines.openai.finishes import Withheld
from regenesis.engines.openai.replies import ErrorInReply, Reply, read_reply
from regenesis.proxies import through

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

LARGEST_BODY = 32 * 1024 * 1024
"""Bytes of a reply beyond which it is given up."""

_STOPS_THE_RUN = frozenset({401, 402, 403, 404, 405, 407})
_PASSES = frozenset({408, 409, 425})
_NO_CREDIT = ("insufficient_quota", "billing_not_active", "billing_hard_limit_reached")
"""Codes of an account that waiting does not mend, though some servers send them as "too many requests"."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A completion came back."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Refused:
    """The server gives this request no answer as things stand.

    Attributes:
        words: What it says, unredacted.
        filtered: Whether a content filter turned it away: about what the text says, and so for good.
    """

    words: str
    filtered: bool = False


@dataclass(frozen=True, slots=True)
class TooMuch:
    """The server is well but wants fewer requests.

    Attributes:
        words: What it says, unredacted.
        wait: What its Retry-After says, in seconds.
    """

    words: str
    wait: float | None


@dataclass(frozen=True, slots=True)
class Failed:
    """Asking again may help.

    Attributes:
        words: What went wrong, unredacted.
        unreachable: No connection could be opened.
        timed_out: The whole time of a request went by without an answer.
    """

    words: str
    unreachable: bool = False
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Hopeless:
    """No request of this kind can succeed: a wrong key, model or URL; the server's words, unredacted."""

    status: int
    words: str


Outcome = Answered | Refused | TooMuch | Failed | Hopeless


async def exchange(session: ClientSession, url: str, body: bytes, proxy: str | None = None) -> Outcome:
    """Sends a chat-completions body, by a proxy if one is given, and reads the reply; never follows a redirect."""
    outcome = await _exchange(session, url, body, proxy)
    if proxy is None or isinstance(outcome, Answered):
        return outcome
    return replace(outcome, words=f"{through(proxy, url)}: {outcome.words}")


async def _exchange(session: ClientSession, url: str, body: bytes, proxy: str | None) -> Outcome:
    import aiohttp

    try:
        async with session.post(url, data=body, allow_redirects=False, proxy=proxy) as response:
            return _judge(response, await read_bounded(response))
    except aiohttp.ConnectionTimeoutError:
        return Failed("no connection within connect_timeout", unreachable=True)
    except TimeoutError:
        return Failed("no answer within timeout", timed_out=True)
    except aiohttp.ClientConnectorError as error:
        return Failed(describe(error), unreachable=True)
    except (aiohttp.ClientError, OSError) as error:
        return Failed(describe(error))
    except BrokenReply as error:
        return Failed(str(error))


async def read_bounded(response: ClientResponse) -> bytes:
    """The body of a response.

    Raises:
        BrokenReply: It is larger than any completion can be.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise BrokenReply(f"the reply is over {LARGEST_BODY // 2**20} MB")
        chunks.append(chunk)
    return b"".join(chunks)


def describe(error: Exception) -> str:
    """An error of the HTTP client in a few words.

    Not its `repr`: that of some holds the request's headers, and with them the key.
    """
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect ({error.os_error.strerror or error.os_error})"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status} {error.message}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the reply was truncated"
    return f"{type(error).__name__}: {error}"


def _judge(response: ClientResponse, body: bytes) -> Outcome:
    content_type = response.headers.get("Content-Type", "")
    wait = retry_after_seconds(response.headers.get("Retry-After"), time.time())
    if 300 <= response.status < 400:
        return Hopeless(response.status, f"it redirects to {response.headers.get('Location', 'nowhere')}")
    if response.status >= 400:
        return _judge_error(response.status, error_words(body, content_type), body, wait)
    try:
        return Answered(read_reply(body, content_type))
    except Withheld as withheld:
        return Refused(str(withheld), filtered=withheld.filtered)
    except ErrorInReply as error:
        if error.status is None:
            return Failed(str(error))
        return _judge_error(error.status, str(error), body, wait)


def _judge_error(status: int, words: str, body: bytes, wait: float | None) -> Outcome:
    if status < 500 and is_filtered(body):
        return Refused(words, filtered=True)
    if status in _STOPS_THE_RUN or error_code(body) in _NO_CREDIT:
        return Hopeless(status, words)
    if status == 429 or (status == 503 and wait is not None):
        return TooMuch(f"HTTP {status}: {words}", wait)
    if status in _PASSES or status >= 500:
        return Failed(f"HTTP {status}: {words}")
    return Refused(words)
