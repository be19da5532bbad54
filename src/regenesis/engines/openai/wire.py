"""HTTP/1.1 as it is on the wire: one connection to a server, on which requests follow one another.

    connection = await connect("127.0.0.1", 8000, None)
    response = await connection.ask(head + body, seconds=600)
    connection.is_open     # whether another request may follow

For every completion of a run a general client spends more time on its own doings than on the reply. This one knows what
the engine needs: a body sent whole, and a body read whole, by length, in chunks, or up to the end of the connection.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from regenesis.engines.openai.bodies import BrokenReply

LARGEST_BODY = 32 * 1024 * 1024
"""Bytes of a reply beyond which it is given up."""
_LARGEST_HEAD = 64 * 1024
_AT_ONCE = 16 * 1024
"""Bytes that are read at once, more than most replies have; for a plain `Protocol` asyncio sets up 256 KiB each."""
_STATUS = re.compile(r"HTTP/1\.([01]) ([0-9]{3})(?: |$)")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})


@dataclass(frozen=True, slots=True)
class Response:
    """What a server sent back.

    Attributes:
        status: The HTTP status.
        headers: Its headers, by their names in small letters.
        body: The body, unpacked.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unreachable(Exception):
    """No connection could be opened; the message says why."""


class Interrupted(Exception):
    """A connection ended before the reply did; the message says how."""


async def connect(host: str, port: int, tls: ssl.SSLContext | None) -> Connection:
    """Opens a connection, with TLS if a context for it is given.

    Raises:
        OSError: It cannot be opened.
    """
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        Connection, host, port, ssl=tls, server_hostname=host.rstrip(".") if tls else None, happy_eyeballs_delay=0.25
    )
    return connection


class Connection(asyncio.BufferedProtocol):
    """One connection: a request, its reply, the next request.

    Attributes:
        idle_since: When the last reply ended, by the loop's clock.
    """

    def __init__(self) -> None:
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Response] | None = None
        self._deadline = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._buffer = memoryview(bytearray(_AT_ONCE))
        self._received = bytearray()
        self._reading: _Reading | None = None

    @property
    def is_open(self) -> bool:
        """Whether a request may be sent on it."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes, seconds: float) -> Response:
        """Sends a request and waits for the reply.

        Raises:
            TimeoutError: None came in so many seconds.
            Interrupted: The connection ended before it did.
            BrokenReply: It is no HTTP, or larger than any completion can be.
        """
        if self._transport is None or self._transport.is_closing():
            raise Interrupted("the server closed the connection")
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Response] = loop.create_future()
        self._waiting = waiting
        self._set_alarm(loop.time() + seconds)
        try:
            self._transport.write(request)
            return await waiting
        finally:
            if not waiting.done() or waiting.cancelled():
                self.close()  # what still comes in would be taken for the next reply
            self._waiting, self.idle_since = None, loop.time()

    def close(self) -> None:
        """Ends the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        own: socket.socket | None = transport.get_extra_info("socket")
        if own is not None and own.family in (socket.AF_INET, socket.AF_INET6):
            # a reply may take minutes, and some routers forget a connection on which nothing moves
            own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._waiting is None or self._waiting.done():
            self.close()  # nothing was asked
            return
        self._received += self._buffer[:nbytes]
        try:
            response = self._read()
        except BrokenReply as error:
            self._fail(error)
            return
        if response is not None:
            self._answer(response)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._alarm is not None:
            self._alarm.cancel()
        reading = self._reading
        if reading is not None and reading.to_the_end and exc is None:
            try:
                self._answer(reading.response())
            except BrokenReply as error:
                self._fail(error)
        elif exc is not None:
            self._fail(Interrupted(f"{type(exc).__name__}: {exc}"))
        else:
            begun = reading is not None or self._received
            self._fail(Interrupted("the reply was truncated" if begun else "the server closed the connection"))

    def _set_alarm(self, deadline: float) -> None:
        """Sees to it that a request without a reply fails in time.

        An alarm that is set for an earlier request stays: it only sets the next one, so that most requests need none.
        """
        self._deadline = deadline
        if self._alarm is None or self._alarm.when() > deadline:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = asyncio.get_running_loop().call_at(deadline, self._ring)

    def _ring(self) -> None:
        alarm, self._alarm = self._alarm, None
        if self._waiting is None:
            return
        if alarm is not None and alarm.when() < self._deadline:
            self._set_alarm(self._deadline)
        else:
            self._fail(TimeoutError())

    def _answer(self, response: Response) -> None:
        kept = self._reading is not None and self._reading.may_follow and not self._received
        self._reading = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(response)
        if not kept:
            self.close()

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
        self.close()

    def _read(self) -> Response | None:
        """The response, once all of it has come in."""
        while self._reading is None:
            end = self._received.find(b"\r\n\r\n")
            if end > _LARGEST_HEAD or (end < 0 and len(self._received) > _LARGEST_HEAD):
                raise BrokenReply("the head of the reply does not end")
            if end < 0:
                return None
            reading = _Reading(bytes(self._received[:end]))
            del self._received[: end + 4]
            if reading.status >= 200:  # others only announce it
                self._reading = reading
        return self._reading.response() if self._reading.take(self._received) else None


class _Reading:
    """A response whose head has come in.

    Attributes:
        status: The HTTP status.
        to_the_end: Whether its body ends with the connection.
        may_follow: Whether the connection may be used again.
    """

    def __init__(self, head: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        found = _STATUS.match(first)
        if found is None:
            raise BrokenReply("the reply is not HTTP")
        self.status = int(found[2])
        self._headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            self._headers[name.strip().lower()] = value.strip()
        self._body = bytearray()
        self._left = self._length()
        bodiless = self.status in (204, 304)
        if bodiless:
            self._left = 0
        self._chunked = not bodiless and self._headers.get("transfer-encoding", "").lower().endswith("chunked")
        self.to_the_end = self._left is None and not self._chunked
        said = self._headers.get("connection", "").lower()
        self.may_follow = not self.to_the_end and ("close" not in said if found[1] == "1" else "keep-alive" in said)

    def take(self, received: bytearray) -> bool:
        """Takes what belongs to the body; whether it is whole."""
        # no attribute of it is one of these methods: it would hold itself, and stay until garbage is looked for
        if self._chunked:
            ended = self._take_chunks(received)
        else:
            ended = self._take_all(received) if self.to_the_end else self._take_length(received)
        if len(self._body) > LARGEST_BODY:
            raise BrokenReply(_TOO_LARGE)
        return ended

    def response(self) -> Response:
        body, encoding = bytes(self._body), self._headers.get("content-encoding", "").lower()
        if encoding in _COMPRESSED and body:
            body = _unpacked(body)
        return Response(self.status, self._headers, body)

    def _length(self) -> int | None:
        stated = self._headers.get("content-length")
        if stated is None:
            return None
        if not (stated.isascii() and stated.isdigit()) or len(stated) > 18:
            raise BrokenReply(f"the reply states a length of {stated[:40]!r}")
        if int(stated) > LARGEST_BODY:
            raise BrokenReply(_TOO_LARGE)
        return int(stated)

    def _take_length(self, received: bytearray) -> bool:
        assert self._left is not None
        taken = received[: self._left]
        del received[: self._left]
        self._body += taken
        self._left -= len(taken)
        return self._left == 0

    def _take_all(self, received: bytearray) -> bool:
        self._body += received
        received.clear()
        return False

    def _take_chunks(self, received: bytearray) -> bool:
        at = 0
        try:
            while True:
                end = received.find(b"\r\n", at)
                if end < 0:
                    return False
                found = _CHUNK_SIZE.fullmatch(received, at, end)
                if found is None:
                    raise BrokenReply("the reply's chunks cannot be told apart")
                size = int(found[1], 16)
                if size == 0:
                    # lines that follow the last chunk are headers, and an empty line ends them
                    last = end if received.startswith(b"\r\n", end + 2) else received.find(b"\r\n\r\n", end)
                    if last >= 0:
                        at = last + 4
                    return last >= 0
                if size > LARGEST_BODY:
                    raise BrokenReply(_TOO_LARGE)
                if len(received) < end + 2 + size + 2:
                    return False
                self._body += received[end + 2 : end + 2 + size]
                at = end + 2 + size + 2
        finally:
            del received[:at]


_TOO_LARGE = f"the reply is over {LARGEST_BODY // 2**20} MB"


def _unpacked(body: bytes) -> bytes:
    """A body that was compressed though nobody asked for that."""
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)  # the header tells gzip from zlib
    try:
        content = unpacking.decompress(body, LARGEST_BODY)
    except zlib.error as error:
        raise BrokenReply(f"the reply cannot be unpacked ({error})") from error
    if unpacking.unconsumed_tail:
        raise BrokenReply(_TOO_LARGE)
    if not unpacking.eof:
        raise BrokenReply("the reply cannot be unpacked (it is cut off)")
    return content
