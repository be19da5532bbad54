"""llama.cpp inside this process: a GGUF model from a wheel, nothing to start.

    engine = LlamaCppEngine(LlamaCppEngineConfig(kind="llamacpp", model="pypi:smollm2-135m-instruct"))
    await engine.open()
    completion = await engine.complete(request)
    await engine.close()

All requests in flight are decoded together (continuous batching). Replies are streamed within the process, since a
streamed request can be given up between two tokens: a cancelled task, `close` and Ctrl-C take effect then. What
cannot be interrupted is one batch of prompt tokens, which bounds how long closing takes.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.checkpoints.chats import identity_mark, switch_values
from regenesis.checkpoints.gguf_files import read_gguf
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.llamacpp.copies import copy_of
from regenesis.engines.llamacpp.server import load_server, rendered
from regenesis.engines.places import usual_places
from regenesis.engines.thoughts import opening_at_end, share_of_thought, split
from regenesis.errors import EngineError, ModelError, RequestFailed
from regenesis.models import Progress, Weights, fingerprint, identity, locate
from regenesis.models.cache import has_gguf_magic
from regenesis.types import Completion, FinishReason, Request, Thinking

if TYPE_CHECKING:
    from xllamacpp import Server

_PLACES = (1, 16)
"""Least and most sequences decoded together. llama.cpp takes the room for the keys and values of all their contexts at
once, when it loads the model."""

_READ_TOGETHER = 4
"""Prompts read at once. The server reads them one after the other anyhow, and none it has can be given up before its
turn: with all of them handed over, Ctrl-C would have to wait for the last."""


class LlamaCppEngine:
    """The embedded engine; see the module's text.

    Attributes:
        kind: `llamacpp`.
        model: `<name>@sha256:<16 hex digits>` of the weights' file, and the same of the adapter's behind a `+` where
            there is one, and `+thinking-off` or `-on` where that changes what the chat template writes; `/q4_0` at the
            end where a copy of that type is computed; known from `open` on.
        capacity: Sequences decoded together; where the config does not say, known from `open` on.
    """

    kind: str = "llamacpp"
    model: str
    capacity: int

    def __init__(
        self, config: LlamaCppEngineConfig, progress: Progress | None = None, *, thinking: Thinking = "off"
    ) -> None:
        self.capacity = config.places
        self._config = config
        self._thinking: Thinking = thinking
        self._chat = _Chat({}, "", "")
        self._progress = progress
        self._server: Server | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._closing = threading.Event()
        self._reading = threading.Semaphore(_READ_TOGETHER)
        self._replies: set[_Reply] = set()

    @property
    def tokens_under_way(self) -> int:
        """New tokens of the replies that are being written."""
        return sum(len(reply.text) for reply in list(self._replies))

    async def open(self) -> None:
        """Fetches the model if need be, copies it at its first use with `quantization`, and loads it.

        Raises:
            ModelError: The model or its adapter cannot be found, fetched or verified.
            EngineError: llama.cpp cannot load the one, or cannot lay the other over it; or the copy cannot be made, or
                writes something else than the model.
        """
        if self._server is not None:
            return
        path = await asyncio.to_thread(locate, self._config.model, progress=self._progress)
        name = await asyncio.to_thread(_name, path, self._config.adapter)
        computed = path
        if self._config.quantization is not None:
            computed = await asyncio.to_thread(copy_of, Weights(self._config.model, path, "gguf"))
        key = secrets.token_hex(16)
        config = await asyncio.to_thread(_with_places, self._config, path)
        self.capacity = config.places
        self._server = await asyncio.to_thread(load_server, computed, config, key)
        self._chat = await asyncio.to_thread(_chat_of, path, self._server, key, self._thinking)
        # a file that is of the type already is the same model with the setting and without
        self.model = name + self._chat.mark + ("" if computed == path else f"/{self._config.quantization}")
        self._closing = threading.Event()
        self._threads = ThreadPoolExecutor(self.capacity, thread_name_prefix="llamacpp")

    async def complete(self, request: Request) -> Completion:
        """Asks for one completion; a prompt that does not fit the context is a refused one.

        Raises:
            RequestFailed: llama.cpp failed on this request.
            EngineError: The engine is not open.
        """
        if self._threads is None:
            raise EngineError("The llamacpp engine is not open: call `open` first.")
        reply = _Reply(self._closing, self._reading)
        self._replies.add(reply)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, request, reply)
        finally:
            # the task may have been cancelled: its thread then lets go at the next token
            reply.abandoned = True
            self._replies.discard(reply)

    async def close(self) -> None:
        """Gives up what is in flight and frees the model's memory."""
        self._closing.set()
        threads, self._threads = self._threads, None
        if threads is not None:
            # the server aborts the process if it is taken down under a waiting request
            await asyncio.to_thread(threads.shutdown)
        self._server = None

    def _ask(self, request: Request, reply: _Reply) -> Completion:
        with reply.reading_prompt():
            started = time.monotonic()
            if self._server is not None and not reply.given_up:
                try:
                    # never bound to a local name: a traceback that someone keeps would keep the model in memory
                    self._server.handle_chat_completions(json.dumps(_body(request, self._chat.switches)), reply)
                except (RuntimeError, ValueError, IndexError, TypeError) as error:
                    # what the library throws before it begins: text that is no Unicode, a chat template that says no
                    reply.error = {"message": str(error), "code": 400}
        return _completion(reply, time.monotonic() - started, self._chat.opened)


def _with_places(config: LlamaCppEngineConfig, path: Path) -> LlamaCppEngineConfig:
    """The config with as many sequences as memory has room for where it does not say."""
    if config.max_in_flight is not None:
        return config
    try:
        places = usual_places(read_gguf(path), config.context, *_PLACES)
    except ModelError:  # llama.cpp says what is wrong with the file
        places = config.places
    return config.model_copy(update={"max_in_flight": places})


def _name(path: Path, adapter: Path | None) -> str:
    """Names what completes: an adapter makes another model of the same weights, so other requests."""
    if adapter is None:
        return identity(path)
    return f"{identity(path)}+{adapter.stem}@sha256:{fingerprint(has_gguf_magic(adapter))[:16]}"


@dataclass(frozen=True, slots=True)
class _Chat:
    """How the model's chat template is rendered.

    Attributes:
        switches: What it is told of thinking.
        opened: What opens a thought at the end of a prompt.
        mark: What the switches add to the model's identity.
    """

    switches: dict[str, Any]
    opened: str
    mark: str


def _chat_of(path: Path, server: Server, key: str, thinking: Thinking) -> _Chat:
    """Has the server render a chat, once as it comes and once with the switches for thinking."""
    switches = switch_values(str(read_gguf(path).value("tokenizer.chat_template") or ""), thinking)
    told = rendered(server, key, switches)
    return _Chat(switches, opening_at_end(told), identity_mark(thinking, told, rendered(server, key, {})))


def _body(request: Request, switches: dict[str, Any]) -> dict[str, Any]:
    """A request as the server takes it: drawn as the sampling says, by no other sampler.

    Temperature goes before the nucleus, as everywhere but in llama.cpp's own default chain, which also cuts by
    `top_k` and `min_p`.
    """
    body = {
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "max_tokens": request.sampling.max_tokens,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "seed": request.seed,
        "samplers": ["temperature", "top_p"],
        "reasoning_format": "none",
        "chat_template_kwargs": switches,
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,  # calls us while a prompt is read, not only from the first token on
    }
    return {name: value for name, value in body.items() if value is not None}


@dataclass(slots=True, eq=False)
class _Reply:
    """Gathers one streamed reply; called with each piece, and says whether to stop."""

    closing: threading.Event
    readers: threading.Semaphore
    reading: bool = False
    abandoned: bool = False
    text: list[str] = field(default_factory=list)
    finish: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None

    @property
    def given_up(self) -> bool:
        return self.abandoned or self.closing.is_set()

    @contextmanager
    def reading_prompt(self) -> Iterator[None]:
        """Holds one of the few places for reading prompts until the first token is out, or all is over."""
        self.readers.acquire()
        self.reading = True
        try:
            yield
        finally:
            self._prompt_is_read()

    def _prompt_is_read(self) -> None:
        if self.reading:
            self.reading = False
            self.readers.release()

    def __call__(self, piece: str) -> bool:
        if self.given_up:
            return True
        chunk = json.loads(piece)
        if "prompt_progress" not in chunk:
            self._prompt_is_read()
        self.error = chunk.get("error")
        self.usage = chunk.get("usage") or self.usage
        for choice in chunk.get("choices", ()):
            self.text.append(choice["delta"].get("content") or "")
            self.finish = choice["finish_reason"] or self.finish
        return self.error is not None


def _completion(reply: _Reply, seconds: float, opened: str) -> Completion:
    if reply.error is not None:
        message = str(reply.error.get("message", reply.error))
        if 400 <= int(reply.error.get("code", 500)) < 500:
            return Completion("", "refused", 0, 0, LlamaCppEngine.kind, seconds, error=message)
        raise RequestFailed(f"llama.cpp failed on a request: {message}")
    if reply.finish is None:
        raise RequestFailed(
            "The request was given up." if reply.given_up else "llama.cpp aborted without giving a reason."
        )
    finish: FinishReason = "length" if reply.finish == "length" else "stop"
    prompt_tokens, completion_tokens = (
        int(reply.usage.get(name, 0)) for name in ("prompt_tokens", "completion_tokens")
    )
    parts = split("".join(reply.text), opened)
    return Completion(
        parts.reply,
        finish,
        prompt_tokens,
        completion_tokens,
        LlamaCppEngine.kind,
        seconds,
        thought=parts.thought,
        thought_tokens=share_of_thought(completion_tokens, parts.thought, parts.reply),
    )
