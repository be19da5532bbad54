"""Ctrl-C, and a polite request to end, stop a run at once: what is on disk is all that is needed to go on.

    result = run_until_interrupted(work(), last_words)

The work is cancelled and has a moment to let go of what it holds. Where it cannot (a download or a model being
loaded, in a thread that nothing can stop), the process ends under it.
"""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import typer

from regenesis.errors import RegenesisError

Result = TypeVar("Result")

GRACE_SECONDS = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_until_interrupted(
    work: Coroutine[Any, Any, Result], last_words: Callable[[], None], grace_seconds: float = GRACE_SECONDS
) -> Result:
    """Runs async work from the main thread.

    Args:
        work: What to run.
        last_words: Tells the user about the interrupt; called once, from any thread, and only after an interrupt.
        grace_seconds: How long the work has to let go of what it holds; a second signal ends it at once.

    Raises:
        typer.Exit: It was interrupted; the exit code is 128 and the signal's number, as shells have it.
    """
    ending = _Ending(last_words, grace_seconds)
    before = {number: signal.signal(number, ending.begin) for number in _SIGNALS}
    try:
        return asyncio.run(ending.watch_over(work))
    except (asyncio.CancelledError, RegenesisError):
        if ending.exit_code is None:
            raise
        ending.speak()
        raise typer.Exit(ending.exit_code) from None
    finally:
        if ending.exit_code is None:
            for number, handler in before.items():
                signal.signal(number, handler)


class _Ending:
    """One interrupted run on its way out; a thread of its own sees to it that this ends."""

    def __init__(self, last_words: Callable[[], None], grace_seconds: float) -> None:
        self.exit_code: int | None = None
        self._last_words = last_words
        self._grace_seconds = grace_seconds
        self._spoken = False
        self._speaking = threading.Lock()
        # unlike an event, this may be used by a signal handler whatever it has interrupted
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._cancel: Callable[[], object] = lambda: None
        threading.Thread(target=self._see_it_end, name="interrupts", daemon=True).start()

    async def watch_over(self, work: Coroutine[Any, Any, Result]) -> Result:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        return await work

    def begin(self, number: int, _: object) -> None:
        """The signal handler; a second signal does not wait."""
        self.exit_code = 128 + number
        self._signals.put(number)
        self._cancel()

    def speak(self) -> None:
        with self._speaking:
            if not self._spoken:
                self._spoken = True
                self._last_words()
                sys.stdout.flush()

    def _see_it_end(self) -> None:
        self._signals.get()
        with suppress(queue.Empty):
            self._signals.get(timeout=self._grace_seconds)
        self.speak()
        os._exit(self.exit_code or 0)
