"""A thread that owns a model, and the requests it has; for engines that compute in this process.

An engine's own worker says how a request is begun (`begin`), what one step with all of them is (`turn`), and which are
under way (`jobs`). Between two steps the worker looks for tasks that were cancelled and for `stop`.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Collection
from concurrent.futures import Future, InvalidStateError
from typing import Generic, TypeVar

from regenesis.engines.chat_tokens import ChatTokens
from regenesis.engines.thoughts import share_of_thought
from regenesis.errors import EngineError, RequestFailed
from regenesis.types import Completion, FinishReason, Request


class Job:
    """A request and the future of its completion.

    Attributes:
        request: What is asked.
        future: Its completion; cancelled with the task that waits for it.
        opened: What opened a thought at the end of its prompt.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.future: Future[Completion] = Future()
        self.opened = ""
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since it arrived."""
        return time.monotonic() - self._started

    def answer(self, completion: Completion) -> None:
        with contextlib.suppress(InvalidStateError):  # cancelled in this very moment
            self.future.set_result(completion)

    def fail(self, error: Exception) -> None:
        with contextlib.suppress(InvalidStateError):
            self.future.set_exception(error)


J = TypeVar("J", bound=Job)


class Worker(ABC, Generic[J]):
    """The thread; see the module's text."""

    def __init__(self, kind: str, chat: ChatTokens, make_job: type[J]) -> None:
        self._kind = kind
        self.chat = chat
        self._make_job = make_job
        self._changed = threading.Condition()
        self._arrived: deque[J] = deque()
        self._broken: str | None = None
        self.closing = False
        # a daemon, since Python waits for others before it ends, and nobody may have closed us
        self._thread = threading.Thread(target=self._run, name=f"{kind}-engine", daemon=True)

    @abstractmethod
    def jobs(self) -> Collection[J]:
        """Those that were begun and not answered yet."""

    @abstractmethod
    def begin(self, job: J) -> None:
        """Takes a request up, or answers it at once."""

    @abstractmethod
    def turn(self) -> None:
        """Lets the cancelled go, and takes one step with all the others."""

    @abstractmethod
    def tokens_under_way(self) -> int:
        """New tokens of the replies that are being written; asked from any thread."""

    @abstractmethod
    def release(self) -> None:
        """Lets go of the model and of all jobs; the last thing that the thread does."""

    def prepare(self) -> None:
        """What has to be said in the thread itself before it begins."""

    def start(self) -> None:
        self._thread.start()
        # the library must not be at work while the interpreter is taken down around it
        atexit.register(self.stop)

    def submit(self, request: Request) -> Future[Completion]:
        """Takes a request.

        Raises:
            EngineError: The worker broke, or is being stopped.
        """
        job = self._make_job(request)
        with self._changed:
            if self._broken is not None:
                raise EngineError(self._broken)
            if self.closing:
                raise RequestFailed("The request was given up.")
            self._arrived.append(job)
            self._changed.notify()
        return job.future

    def stop(self) -> None:
        """Gives up what is under way, after the step it is in."""
        with self._changed:
            self.closing = True
            self._changed.notify()
        self._thread.join()
        atexit.unregister(self.stop)

    def refuse(self, job: J, reason: str) -> None:
        job.answer(Completion("", "refused", 0, 0, self._kind, job.seconds, reason))

    def answer(self, job: J, prompt_tokens: int, written: list[int], drawn: int, finish: FinishReason) -> None:
        """Answers with what was written.

        Args:
            job: The request.
            prompt_tokens: Tokens of the prompt.
            written: Tokens of the reply, without the one that ended it.
            drawn: Tokens that were drawn, with the one that ended it.
            finish: Why it ended.
        """
        parts = self.chat.parts(written, job.opened)
        job.answer(
            Completion(
                parts.reply,
                finish,
                prompt_tokens,
                drawn,
                self._kind,
                job.seconds,
                thought=parts.thought,
                thought_tokens=share_of_thought(drawn, parts.thought, parts.reply),
            )
        )

    def _run(self) -> None:
        error: EngineError = RequestFailed("The request was given up.")
        try:
            self.prepare()
            while self._wait():
                self.turn()
        except Exception as fault:  # noqa: BLE001  whatever it is, those who wait must hear of it
            error = EngineError(f"The {self._kind} engine broke: {type(fault).__name__}: {fault}")
        with self._changed:
            self.closing, self._broken = True, None if isinstance(error, RequestFailed) else str(error)
            jobs = [*self.jobs(), *self._arrived]
        for job in jobs:
            job.fail(error)
        self.release()

    def _wait(self) -> bool:
        """Sleeps while there is nothing to do; says whether to go on."""
        with self._changed:
            while not (self.closing or self._arrived or self.jobs()):
                self._changed.wait()
            arrived, self._arrived = list(self._arrived), deque()
            closing = self.closing
        for job in arrived:
            self.begin(job)
        return not closing
