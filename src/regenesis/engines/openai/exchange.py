"""One HTTP exchange with a server, and what came of it as a value.

    match await exchange(client, f"{url}/chat/completions", body, timeout=600):
        case Answered(reply): ...

Every way in which a server or the network can fail becomes one of five outcomes; only cancellation and
programming errors leave as exceptions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from regenesis.engines.openai.backoff import retry_after_seconds
from regenesis.engines.openai.bodies import BrokenReply
from regenesis.engines.openai.client import Client
from regenesis.engines.openai.complaints import error_code, error_words, is_filtered
from regenesis.engines.openai.finishes import Withheld
from regenesis.engines.openai.replies import ErrorInReply, Reply, read_reply
from regenesis.engines.openai.wire import Interrupted, Response, Unreachable
from regenesis.proxies import through

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


async def exchange(client: Client, url: str, body: bytes, timeout: float, proxy: str | None = None) -> Outcome:
    """Sends a chat-completions body, by a proxy if one is given, and reads the reply; never follows a redirect."""
    outcome = await _exchange(client, url, body, timeout, proxy)
    if proxy is None or isinstance(outcome, Answered):
        return outcome
    return replace(outcome, words=f"{through(proxy, url)}: {outcome.words}")


async def _exchange(client: Client, url: str, body: bytes, timeout: float, proxy: str | None) -> Outcome:
    try:
        return _judge(await client.request("POST", url, body, timeout=timeout, proxy=proxy))
    except Unreachable as error:
        return Failed(str(error), unreachable=True)
    except TimeoutError:
        return Failed("no answer within timeout", timed_out=True)
    except (Interrupted, BrokenReply) as error:
        return Failed(str(error))


def _judge(response: Response) -> Outcome:
    status, body = response.status, response.body
    content_type = response.headers.get("content-type", "")
    if 300 <= status < 400:
        return Hopeless(status, f"it redirects to {response.headers.get('location', 'nowhere')}")
    wait = retry_after_seconds(response.headers.get("retry-after"), time.time())
    if status >= 400:
        return _judge_error(status, error_words(body, content_type), body, wait)
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
