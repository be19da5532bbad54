"""The HTTP client against servers that send what a table says, piece by piece."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import ssl
import subprocess
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from regenesis.engines.openai.bodies import BrokenReply
from regenesis.engines.openai.client import Client
from regenesis.engines.openai.wire import Connection, Interrupted, Response, Unreachable, connect

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Played:
    """A server that answers each request with the next of some scripted replies, in pieces.

    Attributes:
        requests: What it was sent, whole.
        connections: How many were opened to it.
        ended: Connections that ended.
    """

    def __init__(self, replies: Sequence[Sequence[bytes]], *, closes: bool) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.ended = asyncio.Semaphore(0)
        self.port = 0
        self._replies = iter(replies)
        self._closes = closes

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().rpartition(b"content-length: ")[2].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                for piece in next(self._replies):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if self._closes:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.ended.release()


@asynccontextmanager
async def played(*replies: Sequence[bytes], closes: bool = False, tls: Any = None) -> AsyncIterator[Played]:
    server = Played(replies, closes=closes)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


@asynccontextmanager
async def client(headers: dict[str, str] | None = None, connect_timeout: float = 10) -> AsyncIterator[Client]:
    made = Client(headers or {}, connect_timeout)
    try:
        yield made
    finally:
        await made.close()


async def ask(made: Client, server: Played, body: bytes = b"{}", path: str = "/v1/x", timeout: float = 10) -> Response:
    return await made.request("POST", f"http://127.0.0.1:{server.port}{path}", body, timeout=timeout)


Certified = tuple[ssl.SSLContext, str]


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    """What a server on 127.0.0.1 speaks TLS with, and the file of its certificate, which it signed itself."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run([*made, *named], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


def in_pieces(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


def packed(encoding: str, content: bytes) -> bytes:
    return HEAD + f"Content-Encoding: {encoding}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


WHOLE = {
    "by length": HEAD + b"Content-Length: 5\r\n\r\nhello",
    "in chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
    "in chunks with extensions and trailers": HEAD
    + b"transfer-encoding: Chunked\r\n\r\n003;a=b\r\nhel\r\n2 \r\nlo\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n",
    "behind an announcement": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HEAD + b"content-length:5\r\n\r\nhello",
    "gzip": packed("gzip", gzip.compress(b"hello")),
    "deflate": packed("deflate", zlib.compress(b"hello")),
}


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE.keys())
async def test_a_reply_is_read_whole_however_it_is_cut(raw: bytes, size: int) -> None:
    async with played(in_pieces(raw, size), in_pieces(raw, size)) as server, client() as made:
        replies = [await ask(made, server) for _ in range(2)]
        assert server.connections == 1
    assert [(reply.status, reply.body) for reply in replies] == [(200, b"hello")] * 2
    assert replies[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("first", ["HTTP/1.0 200 OK", "HTTP/1.1 200"])
async def test_a_body_without_a_length_ends_with_the_connection(first: str) -> None:
    raw = f"{first}\r\nContent-Type: text/plain\r\n\r\nhello".encode()
    async with played([raw], [raw], closes=True) as server, client() as made:
        assert [(await ask(made, server)).body for _ in range(2)] == [b"hello", b"hello"]
        assert server.connections == 2


@pytest.mark.parametrize("line", [b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not Modified"])
async def test_a_status_without_a_body_ends_with_its_head(line: bytes) -> None:
    async with played([line + b"\r\n\r\n"], [HEAD + b"Content-Length: 2\r\n\r\n{}"]) as server, client() as made:
        assert (await ask(made, server)).body == b""
        assert (await ask(made, server)).body == b"{}"
        assert server.connections == 1


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nothers",
    ],
    ids=["closing", "HTTP/1.0", "with something behind it"],
)
async def test_a_connection_that_cannot_be_trusted_is_not_used_again(raw: bytes) -> None:
    async with played([raw], [raw]) as server, client() as made:
        assert [(await ask(made, server)).body for _ in range(2)] == [b"{}", b"{}"]
        assert server.connections == 2


async def test_what_comes_in_unasked_ends_the_connection() -> None:
    late = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
    good = HEAD + b"Content-Length: 2\r\n\r\n{}"
    async with played([good, late], [good]) as server, client() as made:
        assert (await ask(made, server)).status == 200
        await server.ended.acquire()
        assert (await ask(made, server)).status == 200
        assert server.connections == 2


BROKEN = {
    "nothing": (b"", Interrupted, "the server closed the connection"),
    "half a head": (HEAD, Interrupted, "the reply was truncated"),
    "half a body": (HEAD + b"Content-Length: 9\r\n\r\nhello", Interrupted, "the reply was truncated"),
    "half of the chunks": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        Interrupted,
        "the reply was truncated",
    ),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", BrokenReply, "not HTTP"),
    "a length in words": (HEAD + b"Content-Length: five\r\n\r\nhello", BrokenReply, "length of 'five'"),
    "a negative length": (HEAD + b"Content-Length: -5\r\n\r\nhello", BrokenReply, "length of '-5'"),
    "a chunk without a size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n", BrokenReply, "chunks"),
    "an enormous length": (HEAD + b"Content-Length: 99999999999\r\n\r\n", BrokenReply, "over 32 MB"),
    "an enormous chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", BrokenReply, "over 32 MB"),
    "a head without end": (HEAD + b"X: y\r\n" * 20_000, BrokenReply, "does not end"),
    "no gzip": (packed("gzip", b"hello"), BrokenReply, "unpacked"),
    "half a gzip": (packed("gzip", gzip.compress(b"hello")[:-9]), BrokenReply, "unpacked"),
    "a bomb": (
        HEAD
        + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
        + gzip.compress(b" " * (32 * 2**20 + 1), compresslevel=9),
        BrokenReply,
        "over 32 MB",
    ),
}


@pytest.mark.parametrize(("raw", "error", "says"), BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_reply_is_an_error_and_not_the_end_of_the_client(
    raw: bytes, error: type[Exception], says: str
) -> None:
    good = HEAD + b"Content-Length: 2\r\n\r\n{}"
    async with played([raw], closes=True) as bad, played([good]) as well, client() as made:
        with pytest.raises(error, match=says):
            await ask(made, bad)
        assert (await ask(made, well)).body == b"{}"


async def test_a_reply_that_does_not_come_in_time_ends_the_connection() -> None:
    late = HEAD + b"Content-Length: 2\r\n\r\n{}"
    async with played([], [late]) as server, client() as made:
        with pytest.raises(TimeoutError):
            await ask(made, server, timeout=0.05)
        await server.ended.acquire()


@pytest.mark.parametrize(("first", "second"), [(10, 0.05), (0.5, 0.8)])
async def test_each_request_of_a_connection_has_a_time_of_its_own(first: float, second: float) -> None:
    loop = asyncio.get_running_loop()
    async with played([HEAD + b"Content-Length: 2\r\n\r\n{}"], []) as server, client() as made:
        await ask(made, server, timeout=first)
        began = loop.time()
        with pytest.raises(TimeoutError):
            await ask(made, server, timeout=second)
        assert second <= loop.time() - began < 5
        assert server.connections == 1


async def test_a_request_that_is_cancelled_ends_its_connection() -> None:
    async with played([], [HEAD + b"Content-Length: 2\r\n\r\n{}"]) as server, client() as made:
        asked = asyncio.create_task(ask(made, server))
        while not server.requests:  # noqa: ASYNC110 - the server is in this process
            await asyncio.sleep(0)
        asked.cancel()
        await server.ended.acquire()
        assert asked.cancelled()
        assert (await ask(made, server)).body == b"{}"


async def test_closing_interrupts_what_is_under_way() -> None:
    async with played([]) as server, client() as made:
        asked = asyncio.create_task(ask(made, server))
        while not server.requests:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await made.close()
        with pytest.raises(Interrupted):
            await asked


async def test_a_port_where_nobody_listens_is_unreachable() -> None:
    async with played() as server:
        port = server.port
    async with client() as made:
        with pytest.raises(Unreachable, match=r"cannot connect \(Connection refused\)|Connect call failed"):
            await made.request("POST", f"http://127.0.0.1:{port}/v1", b"{}", timeout=10)


async def test_a_host_that_does_not_answer_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> Connection:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr("regenesis.engines.openai.client.connect", never)
    async with client(connect_timeout=0.01) as made:
        with pytest.raises(Unreachable, match="no connection within connect_timeout"):
            await made.request("POST", "http://127.0.0.1:9/v1", b"{}", timeout=10)
        with pytest.raises(TimeoutError):
            await made.request("POST", "http://127.0.0.1:9/v1", b"{}", timeout=0.005)


async def test_the_head_of_a_request_names_host_headers_and_length() -> None:
    good = HEAD + b"Content-Length: 2\r\n\r\n{}"
    async with played([good], [good]) as server, client({"X-Title": "mine", "accept": "*/*"}) as made:
        await ask(made, server, b'{"a": 1}', path="/v1/some thing/%41?api-version=1&q=ä")
        await made.request("GET", f"http://127.0.0.1:{server.port}", timeout=10)
    posted, got = (request.decode().split("\r\n") for request in server.requests)
    assert posted[0] == "POST /v1/some%20thing/%41?api-version=1&q=%C3%A4 HTTP/1.1"
    assert got[0] == "GET / HTTP/1.1"
    assert {f"Host: 127.0.0.1:{server.port}", "X-Title: mine", "accept: */*", "Content-Length: 8"} <= set(posted)
    assert not any(line.startswith("Accept: ") for line in posted)
    assert posted[-1] == '{"a": 1}'


async def test_a_server_with_a_certificate_nobody_knows_is_unreachable(
    certified: Certified,
) -> None:
    async with played([], tls=certified[0]) as server, client() as made:
        with pytest.raises(Unreachable, match="certificate verify failed"):
            await made.request("POST", f"https://127.0.0.1:{server.port}/v1", b"{}", timeout=10)


async def test_a_server_with_a_known_certificate_is_spoken_to_over_tls(
    certified: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = certified
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    good = HEAD + b"Content-Length: 2\r\n\r\n{}"
    async with played(in_pieces(good, 9), [good], tls=context) as server, client() as made:
        url = f"https://127.0.0.1:{server.port}/v1"
        assert [(await made.request("POST", url, b"{}", timeout=10)).body for _ in range(2)] == [b"{}", b"{}"]
        assert server.connections == 1


async def test_an_ipv6_host_stands_in_brackets() -> None:
    good = HEAD + b"Content-Length: 2\r\n\r\n{}"
    server = Played([[good]], closes=False)
    try:
        listening = await asyncio.start_server(server.serve, "::1", 0)
    except OSError:
        pytest.skip("no IPv6 here")
    port = listening.sockets[0].getsockname()[1]
    async with client() as made:
        assert (await made.request("POST", f"http://[::1]:{port}/v1", b"{}", timeout=10)).body == b"{}"
    listening.close()
    assert f"\r\nHost: [::1]:{port}\r\n".encode() in server.requests[0]


async def test_a_connection_answers_nothing_once_it_is_closed() -> None:
    async with played() as server:
        connection = await connect("127.0.0.1", server.port, None)
        connection.close()
        await server.ended.acquire()
        with pytest.raises(Interrupted):
            await connection.ask(b"GET / HTTP/1.1\r\n\r\n", 10)
