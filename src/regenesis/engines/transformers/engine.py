"""A checkpoint inside this process, by transformers: on CPU or GPU, with adapters, nothing to start.

    engine = TransformersEngine(TransformersEngineConfig(kind="transformers", model="RUN/model"))
    await engine.open()
    completion = await engine.complete(request)
    await engine.close()

One thread owns the model: it reads what has arrived, decodes all of it together (see `decoding`), and looks between
two steps for tasks that were cancelled and for `close`. A GGUF model is de-quantised, so that the same weights run
here and in llama.cpp.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.checkpoints import load_model, load_tokenizer, resolve_dtype
from regenesis.checkpoints.chats import stop_tokens
from regenesis.checkpoints.extras import require_extra
from regenesis.checkpoints.loading import emulation_note
from regenesis.checkpoints.memory import let_go_of_memory
from regenesis.engines.chat_tokens import ChatTokens, Prompt
from regenesis.engines.threads import free_cores
from regenesis.engines.transformers.config import TransformersEngineConfig
from regenesis.engines.transformers.devices import chosen_device, is_out_of_memory
from regenesis.engines.worker import Job, Worker
from regenesis.errors import EngineError, RequestFailed
from regenesis.models import Progress, Weights, locate_weights
from regenesis.models.weights import folder_digest
from regenesis.openmp import wait_without_spinning
from regenesis.types import Completion, FinishReason, Request, Thinking

if TYPE_CHECKING:
    from regenesis.engines.transformers.decoding import Decoder, Sequence

_log = logging.getLogger(__name__)

_PLACES_ON_GPU = 256


class TransformersEngine:
    """The engine in process; see the module's text.

    Attributes:
        kind: `transformers`.
        model: `<name>@sha256:<16 hex digits>/<dtype>` of the weights, with `+<adapter>@sha256:<16 hex digits>` before
            the slash where there is an adapter, and `+thinking-off` or `-on` where that changes what the chat template
            writes; known from `open` on. The type shapes completions, so it is named.
        capacity: Sequences decoded together.
    """

    kind: str = "transformers"
    model: str
    capacity: int

    def __init__(
        self, config: TransformersEngineConfig, progress: Progress | None = None, *, thinking: Thinking = "off"
    ) -> None:
        self.capacity = config.max_in_flight or _usual_places(config)
        self._config = config
        self._thinking: Thinking = thinking
        self._progress = progress
        self._worker: _Worker | None = None

    @property
    def tokens_under_way(self) -> int:
        """New tokens of the replies that are being written."""
        return self._worker.tokens_under_way() if self._worker is not None else 0

    async def open(self) -> None:
        """Fetches the model if need be and loads it.

        Raises:
            ModelError: The model or its adapter cannot be found, fetched, verified or loaded, or a package is missing.
            EngineError: The device is not there, or the model is of a kind that this engine cannot run.
        """
        if self._worker is not None:
            return
        require_extra()
        wait_without_spinning()
        weights = await asyncio.to_thread(locate_weights, self._config.model, progress=self._progress)
        device = chosen_device(self._config.device)
        chat = await asyncio.to_thread(lambda: ChatTokens(load_tokenizer(weights), self._thinking))
        self.model = await asyncio.to_thread(_name, weights, self._config, device, chat.form.mark())
        self._worker = await asyncio.to_thread(_load, weights, self._config, device, chat)
        self._worker.start()

    async def complete(self, request: Request) -> Completion:
        """Asks for one completion; a prompt that does not fit the context is a refused one.

        Raises:
            RequestFailed: The model gave no numbers, or the engine was closed meanwhile.
            EngineError: The engine is not open, or broke.
        """
        if self._worker is None:
            raise EngineError("The transformers engine is not open: call `open` first.")
        # a cancelled task cancels the future, which frees its place after the step under way
        return await asyncio.wrap_future(self._worker.submit(request))

    async def close(self) -> None:
        """Gives up what is in flight and frees the model's memory."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await asyncio.to_thread(worker.stop)


class _Job(Job):
    """A request, and its sequence once it has been read."""

    sequence: Sequence | None = None


class _Worker(Worker[_Job]):
    """The thread that owns the decoder."""

    def __init__(self, decoder: Decoder, chat: ChatTokens, context: int, threads: int | None) -> None:
        super().__init__(TransformersEngine.kind, chat, _Job)
        self._decoder: Decoder | None = decoder
        self._context = context
        self._threads = threads
        self._waiting: list[_Job] = []
        self._active: list[_Job] = []

    def prepare(self) -> None:
        if self._threads is not None:
            import torch

            torch.set_num_threads(self._threads)  # counts for the thread it is called in

    def jobs(self) -> list[_Job]:
        return [*self._active, *self._waiting]

    def tokens_under_way(self) -> int:
        return sum(_sequence(job).drawn for job in list(self._active))

    def release(self) -> None:
        self._active, self._waiting, self._decoder = [], [], None
        let_go_of_memory()

    def begin(self, job: _Job) -> None:
        from regenesis.engines.transformers.decoding import Sequence

        prompt = self.chat.prompt(job.request, self._context)
        if not isinstance(prompt, Prompt):
            self.refuse(job, prompt)
            return
        job.opened = prompt.opened
        job.sequence = Sequence(prompt.tokens, job.request.sampling, job.request.seed)
        self._waiting.append(job)

    def turn(self) -> None:
        """Lets the cancelled go, fills free places, and takes one step with all."""
        decoder = self._decoder
        assert decoder is not None
        for job in [job for job in self._active if job.future.cancelled()]:
            decoder.drop(_sequence(job))
            self._active.remove(job)
        self._waiting = [job for job in self._waiting if not job.future.cancelled()]
        try:
            while count := decoder.next_group([_sequence(job) for job in self._waiting]):
                group = self._waiting[:count]
                self._finish(decoder.admit([_sequence(job) for job in group], lambda: self.closing), group)
                if self.closing:
                    return
            self._finish(decoder.step(), [])
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        else:
            return
        # outside of `except`: the error holds on to what the failed step had in memory
        self._make_room(decoder)

    def _finish(self, ended: list[Sequence], joined: list[_Job]) -> None:
        self._waiting = [job for job in self._waiting if job not in joined]
        self._active += joined
        for job in [job for job in self._active if job.sequence in ended]:
            self._active.remove(job)
            self._answer(job, _sequence(job))

    def _answer(self, job: _Job, sequence: Sequence) -> None:
        if sequence.finish == "broken":
            job.fail(
                RequestFailed(
                    "The model gave no numbers (NaN or infinity) for this request: its weights may be damaged, or "
                    "engine.dtype be too narrow for it (try bfloat16 or float32)."
                )
            )
            return
        finish: FinishReason = "stop" if sequence.finish == "stop" else "length"
        self.answer(job, len(sequence.prompt), sequence.written, sequence.drawn, finish)

    def _make_room(self, decoder: Decoder) -> None:
        """After running out of memory: goes on with half of the places; what lost its place is asked again here."""
        let_go_of_memory()
        if decoder.places == 1:
            job = (self._active or self._waiting).pop(0)
            if job.sequence in decoder.active:
                decoder.drop(_sequence(job))
            job.fail(RequestFailed("Out of memory for a single request: lower engine.context, or use a GPU."))
            return
        lost = decoder.halve()
        self._waiting = [job for job in self._active if job.sequence in lost] + self._waiting
        self._active = [job for job in self._active if job.sequence not in lost]
        let_go_of_memory()
        _log.warning(
            "Out of memory: decoding %d sequences together from here on. Lower engine.max_in_flight to that.",
            decoder.places,
        )


def _sequence(job: _Job) -> Sequence:
    assert job.sequence is not None
    return job.sequence


def _load(weights: Weights, config: TransformersEngineConfig, device: str, chat: ChatTokens) -> _Worker:
    from regenesis.engines.transformers.decoding import Decoder

    slow = emulation_note(config.dtype, "engine.dtype", device)
    if slow:
        _log.warning(slow)
    try:
        model = load_model(weights, config.dtype, device, config.adapter)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise EngineError(
            f"Memory of {device} is too small for the model {config.model}: choose a smaller one, engine.dtype "
            "bfloat16, or another engine.device."
        ) from error
    if config.adapter is not None:
        # the layers in it carry the adapter; the wrapper only adds to every call
        model = model.get_base_model()
    stop = stop_tokens(model.generation_config.eos_token_id, chat.tokenizer, chat.form)
    longest = getattr(model.config, "max_position_embeddings", None) or config.context
    context = min(config.context, longest)
    try:
        decoder = Decoder(model, stop, context, config.max_in_flight or _usual_places(config))
    except ValueError as error:
        raise EngineError(
            f"The transformers engine cannot run {config.model}: it has {error}. Serve it by another program and use "
            "the `openai` engine."
        ) from error
    threads = config.threads or (free_cores() if device == "cpu" else None)
    return _Worker(decoder, chat, context, threads)


def _usual_places(config: TransformersEngineConfig) -> int:
    """Sequences that are worth decoding together where the config does not say how many.

    A step's time on a GPU hardly depends on their number until its memory is full, and then half of them are let go.
    """
    try:
        on_gpu = chosen_device(config.device) != "cpu"
    except ImportError:  # told when the engine opens
        on_gpu = False
    return _PLACES_ON_GPU if on_gpu else config.places


def _name(weights: Weights, config: TransformersEngineConfig, device: str, mark: str) -> str:
    name = weights.identity
    if config.adapter is not None:
        adapter = Path(config.adapter).resolve()
        if not (adapter / "adapter_config.json").is_file():
            raise EngineError(
                f"engine.adapter {adapter}: is no folder of a LoRA adapter (adapter_config.json is missing)."
            )
        name += f"+{adapter.name}@sha256:{folder_digest(adapter)[:16]}"
    return f"{name}{mark}/{str(resolve_dtype(config.dtype, device)).removeprefix('torch.')}"
