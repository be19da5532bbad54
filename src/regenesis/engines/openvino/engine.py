"""OpenVINO inside this process: a GGUF model on x86-64 CPUs, nothing to start.

    engine = OpenVINOEngine(OpenVINOEngineConfig(kind="openvino", model="pypi:qwen2.5-coder-0.5b-instruct"))
    await engine.open()
    completion = await engine.complete(request)
    await engine.close()

All requests in flight are decoded together (continuous batching), and what was computed of a prompt's beginning is not
computed again. Each request has a seed of its own, so what it draws does not depend on its neighbours. The library
computes a copy of the model in its own format (see `copies`), and its text is compared with llama.cpp's before it is
trusted (see `agreement`). Chats are written down and tokenised here, by the tokenizer that training uses.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.checkpoints import load_tokenizer
from regenesis.checkpoints.chats import stop_tokens
from regenesis.checkpoints.gguf_files import read_gguf
from regenesis.engines.chat_tokens import ChatTokens, Prompt
from regenesis.engines.openvino.agreement import compare, continued_by_llamacpp, is_noted
from regenesis.engines.openvino.checking import require_library
from regenesis.engines.openvino.config import PRECISION, OpenVINOEngineConfig
from regenesis.engines.openvino.copies import copy_of, folder_of
from regenesis.engines.places import usual_places
from regenesis.engines.threads import free_cores
from regenesis.engines.worker import Job, Worker
from regenesis.errors import EngineError, RequestFailed
from regenesis.models import Progress, Weights, fingerprint, locate
from regenesis.models.cache import has_gguf_magic
from regenesis.openmp import wait_without_spinning
from regenesis.types import Completion, FinishReason, Request, Sampling, Thinking

if TYPE_CHECKING:
    from openvino_genai import ContinuousBatchingPipeline, GenerationConfig
    from openvino_genai.py_openvino_genai import GenerationHandle

_TOKENS_A_STEP = 256
"""Most tokens of prompts and replies that one step computes. A step cannot be interrupted, and holds up all threads of
the process: more would gain little and make Ctrl-C, the display and the ledger wait for seconds."""

_PLACES = (16, 48)
"""Least and most sequences decoded together. A step reads all weights, however many sequences share it. On two cores 48
plain samples of the 0.5B are written twice as fast as 16, chats with long prompts by a sixth; 96 gain little more, and
each reply takes longer."""

_NAP, _GIVEN_WAY = 0.001, 0.1
"""Seconds between two steps: of a look whether other threads are at work, and that they get at most."""

_BLOCK = 32
"""Tokens whose keys and values the library keeps together on CPUs."""


class OpenVINOEngine:
    """The engine in process; see the module's text.

    Attributes:
        kind: `openvino`.
        model: `<name>@sha256:<16 hex digits>/q8_0` of the weights' file, with `+<adapter>@sha256:<16 hex digits>`
            before the slash where there is an adapter, and `+thinking-off` or `-on` where that changes what the chat
            template writes; known from `open` on. The type shapes completions, so it is named.
        capacity: Sequences decoded together; where the config does not say, known from `open` on.
    """

    kind: str = "openvino"
    model: str
    capacity: int

    def __init__(
        self, config: OpenVINOEngineConfig, progress: Progress | None = None, *, thinking: Thinking = "off"
    ) -> None:
        self.capacity = config.places
        self._config = config
        self._thinking: Thinking = thinking
        self._progress = progress
        self._worker: _Worker | None = None

    @property
    def tokens_under_way(self) -> int:
        """New tokens of the replies that are being written."""
        return self._worker.tokens_under_way() if self._worker is not None else 0

    async def open(self) -> None:
        """Fetches the model if need be, copies it into OpenVINO's format at its first use, and loads it.

        Raises:
            ModelError: The model or its adapter cannot be found, fetched, verified or copied.
            EngineError: A package is missing, or OpenVINO's text for this model is wrong.
        """
        if self._worker is not None:
            return
        require_library()
        wait_without_spinning()
        path = await asyncio.to_thread(locate, self._config.model, progress=self._progress)
        self._worker = await asyncio.to_thread(self._load, Weights(self._config.model, path, "gguf"))
        self._worker.start()

    async def complete(self, request: Request) -> Completion:
        """Asks for one completion; a prompt that does not fit the context is a refused one.

        Raises:
            RequestFailed: There was no room for it, or the engine was closed meanwhile.
            EngineError: The engine is not open, or broke.
        """
        if self._worker is None:
            raise EngineError("The openvino engine is not open: call `open` first.")
        # a cancelled task cancels the future, which frees its place after the step under way
        return await asyncio.wrap_future(self._worker.submit(request))

    async def close(self) -> None:
        """Gives up what is in flight and frees the model's memory."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await asyncio.to_thread(worker.stop)

    def _load(self, weights: Weights) -> _Worker:
        chat = ChatTokens(load_tokenizer(weights), self._thinking)
        adapter = self._config.adapter
        folder = copy_of(weights, adapter)
        # the library reads a model with an adapter merged into it as it reads the model itself
        known = any(is_noted(copy, weights.spec) for copy in (folder_of(weights, None), folder))
        # before the pipeline is there, so that the two models are never in memory together
        expected = [] if known else continued_by_llamacpp(weights, adapter, chat)
        file = read_gguf(weights.path)
        trained_for = file.value(f"{file.value('general.architecture')}.context_length")
        context = min(self._config.context, trained_for or self._config.context)
        self.capacity = self._config.max_in_flight or usual_places(file, context, *_PLACES)
        pipeline = _pipeline(folder, self._config, self.capacity, context)
        if expected:
            compare(folder, weights.spec, pipeline, expected)
        self.model = _name(weights, adapter, chat.form.mark())
        stops = stop_tokens(file.value("tokenizer.ggml.eos_token_id"), chat.tokenizer, chat.form)
        return _Worker(pipeline, chat, stops, context)


class _Job(Job):
    """A request, and what the library has of it once it has begun."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.prompt_tokens = 0
        self.drawn: list[int] = []
        self.handle: GenerationHandle | None = None


class _Worker(Worker[_Job]):
    """The thread that owns the pipeline."""

    def __init__(self, pipeline: ContinuousBatchingPipeline, chat: ChatTokens, stops: set[int], context: int) -> None:
        super().__init__(OpenVINOEngine.kind, chat, _Job)
        self._pipeline: ContinuousBatchingPipeline | None = pipeline
        self._stops = stops
        self._context = context
        self._active: dict[int, _Job] = {}
        self._begun = 0

    def jobs(self) -> list[_Job]:
        return list(self._active.values())

    def tokens_under_way(self) -> int:
        return sum(len(job.drawn) for job in self.jobs())

    def release(self) -> None:
        pipeline, self._pipeline = self._pipeline, None
        for job in self.jobs():
            _handle(job).cancel()
        if self._active and pipeline is not None:
            # takes the cancelled out of the library's books, which complain on the terminal otherwise
            with suppress(RuntimeError):
                pipeline.step()
        self._active = {}

    def begin(self, job: _Job) -> None:
        import numpy as np
        from openvino import Tensor

        prompt = self.chat.prompt(job.request, self._context)
        if not isinstance(prompt, Prompt):
            self.refuse(job, prompt)
            return
        assert self._pipeline is not None
        job.opened, job.prompt_tokens = prompt.opened, len(prompt.tokens)
        room = self._context - job.prompt_tokens
        config = _generation(job.request.sampling, job.request.seed, self._stops, room)
        tokens = Tensor(np.array([prompt.tokens], dtype=np.int64))
        job.handle = self._pipeline.add_request(self._begun, tokens, config)
        self._active[self._begun] = job
        self._begun += 1

    def turn(self) -> None:
        """Lets the cancelled go, and takes one step with all the others."""
        assert self._pipeline is not None
        for number, job in list(self._active.items()):
            if job.future.cancelled():
                _handle(job).cancel()
                del self._active[number]
        if self._pipeline.has_non_finished_requests():
            self._pipeline.step()
        for number, job in list(self._active.items()):
            if self._read(job):
                del self._active[number]
        _let_others_go_on()

    def _read(self, job: _Job) -> bool:
        """Takes what a request has drawn since the last step; says whether it has ended."""
        from openvino_genai import GenerationStatus

        handle = _handle(job)
        status: GenerationStatus = handle.get_status()
        while handle.can_read():
            for output in handle.read().values():
                job.drawn += output.generated_ids
        if status == GenerationStatus.RUNNING:
            return False
        if status == GenerationStatus.FINISHED:
            stopped = bool(job.drawn) and job.drawn[-1] in self._stops
            finish: FinishReason = "stop" if stopped else "length"
            self.answer(job, job.prompt_tokens, job.drawn[:-1] if stopped else job.drawn, len(job.drawn), finish)
        else:
            reason = "OpenVINO had no room for the keys and values of this request: lower engine.max_in_flight."
            job.fail(RequestFailed(reason))
        return True


def _let_others_go_on() -> None:
    """Gives way to the threads that waited while a step held the interpreter, until they have nothing to do.

    A step holds it from beginning to end, and whoever wants it gets 5 ms between two of them: with steps of a quarter
    of a second, a run with many recorded completions to look up and to judge hardly got on (on two cores 8 questions a
    minute, 33 with this). A thread that comes late out of its sleep has met others at work.
    """
    until, quiet = time.monotonic() + _GIVEN_WAY, 0
    while quiet < 2 and (before := time.monotonic()) < until:
        time.sleep(_NAP)
        quiet = quiet + 1 if time.monotonic() - before < 2 * _NAP else 0


def _handle(job: _Job) -> GenerationHandle:
    assert job.handle is not None
    return job.handle


def _generation(sampling: Sampling, seed: int, stops: set[int], room: int) -> GenerationConfig:
    """Draws as the sampling says, by no other sampler."""
    from openvino_genai import GenerationConfig

    config = GenerationConfig()
    config.max_new_tokens = min(sampling.max_tokens, room)
    # the library wants an end that the vocabulary has, and that it stops at, even where nothing ends a reply
    config.stop_token_ids = stops or {0}
    config.eos_token_id = min(config.stop_token_ids)
    config.ignore_eos = not stops
    temperature = 1.0 if sampling.temperature is None else sampling.temperature
    config.do_sample = temperature > 0
    if config.do_sample:
        config.temperature = temperature
        config.top_p = 1.0 if sampling.top_p is None else sampling.top_p
        config.rng_seed = seed
    return config


def _pipeline(folder: Path, config: OpenVINOEngineConfig, places: int, context: int) -> ContinuousBatchingPipeline:
    from openvino_genai import ContinuousBatchingPipeline, SchedulerConfig

    scheduler = SchedulerConfig()
    scheduler.max_num_seqs = places
    scheduler.max_num_batched_tokens = _TOKENS_A_STEP
    # every sequence has room for its whole context, so that none is ever put off to make room for another
    scheduler.num_kv_blocks = places * (-(-context // _BLOCK) + 1)
    scheduler.enable_prefix_caching = True
    properties: dict[str, Any] = {
        "INFERENCE_NUM_THREADS": config.threads or free_cores(),
        # threads that are tied to cores wait for them while other processes keep them busy
        "ENABLE_CPU_PINNING": False,
    }
    try:
        return ContinuousBatchingPipeline(str(folder), scheduler, "CPU", properties)
    except RuntimeError as error:
        raise EngineError(
            f"OpenVINO cannot load its copy of {config.model} in {folder} ({str(error).strip()}). Delete that folder "
            f"to have it made again; or there is too little memory for {places} × {context} tokens: "
            "lower engine.max_in_flight."
        ) from error


def _name(weights: Weights, adapter: Path | None, mark: str) -> str:
    """Names what completes: an adapter makes another model of the same weights, so other requests."""
    name = weights.identity
    if adapter is not None:
        name += f"+{adapter.stem}@sha256:{fingerprint(has_gguf_magic(adapter))[:16]}"
    return f"{name}{mark}/{PRECISION.casefold()}"
