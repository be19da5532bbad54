"""Sends the requests of the engine and reads whole replies: straight to the server, or by a proxy.

    client = Client({"Authorization": "Bearer …"}, connect_timeout=10)
    response = await client.request("POST", "http://127.0.0.1:8000/v1/chat/completions", body, timeout=600)
    await client.close()

Straight requests go over connections of `wire`, which cost a fraction of a general client's; what goes by a proxy is
left to aiohttp. Redirects are not followed, and nothing is sent again here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from regenesis.engines.openai.bodies import BrokenReply
from regenesis.engines.openai.wire import (
    LARGEST_BODY,
    Connection,
    Interrupted,
    Response,
    Unreachable,
    connect,
)

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

_IDLE_SECONDS = 4.0
"""Idle connections are dropped before uvicorn, which most servers run under, drops them after 5 s: a request sent at
that very moment would be lost."""
_HEADERS = {
    "Accept": "application/json",
    "User-Agent": "regenesis",
    "Content-Type": "application/json",
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a URL leads: what to connect to, and the head of a request up to its last header."""

    host: str
    port: int
    secure: bool
    head: bytes


class Client:
    """Connections to servers, opened as they are wanted and kept for the next request."""

    def __init__(self, headers: Mapping[str, str], connect_timeout: float) -> None:
        """Opens nothing yet.

        Args:
            headers: Sent with every request; they take the place of the client's own.
            connect_timeout: Seconds to wait for a connection.
        """
        stated = {name.lower() for name in headers}
        self._headers = {name: value for name, value in _HEADERS.items() if name.lower() not in stated} | dict(headers)
        self._connect_timeout = connect_timeout
        self._places: dict[tuple[str, str], _Place] = {}
        self._idle: defaultdict[tuple[str, int, bool], deque[Connection]] = defaultdict(deque)
        self._open: set[Connection] = set()
        self._tls: ssl.SSLContext | None = None
        self._session: ClientSession | None = None

    async def request(
        self, method: str, url: str, body: bytes = b"", *, timeout: float, proxy: str | None = None
    ) -> Response:
        """Sends a request and reads the whole of its reply.

        Args:
            method: The HTTP method.
            url: An `http://` or `https://` URL.
            body: What is sent.
            timeout: Seconds for all of it.
            proxy: The proxy to send it by.

        Raises:
            Unreachable: No connection could be opened.
            TimeoutError: The time went by without a reply.
            Interrupted: The connection ended before the reply did.
            BrokenReply: It is no HTTP, or larger than any completion can be.
        """
        if proxy is not None:
            return await self._by_proxy(method, url, body, timeout, proxy)
        place = self._places.get((method, url))
        if place is None:
            place = self._places[method, url] = _place(method, url, self._headers)
        request = b"%b%d\r\n\r\n%b" % (place.head, len(body), body)
        loop = asyncio.get_running_loop()
        idle, began = self._idle[place.host, place.port, place.secure], loop.time()
        connection = _usable(idle, began - _IDLE_SECONDS)
        if connection is None:
            connection = await self._connect(place, timeout)
            timeout -= loop.time() - began
        self._open.add(connection)
        try:
            response = await connection.ask(request, timeout)
        finally:
            self._open.discard(connection)
        if connection.is_open:
            idle.append(connection)
        return response

    async def close(self) -> None:
        """Closes all connections; requests under way are interrupted."""
        for connection in (*self._open, *(one for idle in self._idle.values() for one in idle)):
            connection.close()
        self._idle.clear()
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await asyncio.sleep(0)  # lets the connections be torn down

    async def _connect(self, place: _Place, timeout: float) -> Connection:
        if place.secure and self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        try:
            async with asyncio.timeout(min(self._connect_timeout, timeout)):
                return await connect(place.host, place.port, self._tls if place.secure else None)
        except TimeoutError as error:
            if timeout <= self._connect_timeout:
                raise
            raise Unreachable("no connection within connect_timeout") from error
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"cannot connect ({getattr(error, 'strerror', None) or error})") from error

    async def _by_proxy(self, method: str, url: str, body: bytes, timeout: float, proxy: str) -> Response:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                # the engine limits; a second limit below its own would only make requests queue unseen
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=self._connect_timeout)
        try:
            asking = self._session.request(
                method, url, data=body or None, allow_redirects=False, proxy=proxy, timeout=limits
            )
            async with asking as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Response(response.status, headers, await _whole(response))
        except aiohttp.ConnectionTimeoutError as error:
            raise Unreachable("no connection within connect_timeout") from error
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(f"cannot connect ({error.os_error.strerror or error.os_error})") from error
        except TimeoutError:
            raise
        except aiohttp.ClientHttpProxyError as error:
            # not its text, which may hold the request's headers, and with them the key
            raise Interrupted(f"the proxy answered {error.status} {error.message}") from error
        except aiohttp.ServerDisconnectedError as error:
            raise Interrupted("the server closed the connection") from error
        except aiohttp.ClientPayloadError as error:
            raise Interrupted("the reply was truncated") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Interrupted(f"{type(error).__name__}: {error}") from error


def _usable(idle: deque[Connection], oldest: float) -> Connection | None:
    """The connection that was used last; those that are closed, or were used last before `oldest`, are dropped."""
    while idle and (not idle[0].is_open or idle[0].idle_since < oldest):
        idle.popleft().close()
    while idle:
        connection = idle.pop()
        if connection.is_open:
            return connection
    return None


def _place(method: str, url: str, headers: Mapping[str, str]) -> _Place:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    named = f"[{host}]" if ":" in host else host.encode("idna").decode() if not host.isascii() else host
    shown = named if port == (443 if secure else 80) else f"{named}:{port}"
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        target += "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {shown}", *(f"{name}: {value}" for name, value in headers.items())]
    return _Place(host, port, secure, ("\r\n".join(lines) + "\r\nContent-Length: ").encode("ascii"))


async def _whole(response: ClientResponse) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise BrokenReply(f"the reply is over {LARGEST_BODY // 2**20} MB")
        chunks.append(chunk)
    return b"".join(chunks)
