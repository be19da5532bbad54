"""The run's log: one JSON object a line, for people and for other tools."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

HEARTBEAT_SECONDS = 30.0


class Watched(Protocol):
    """Something that can say where it stands."""

    def snapshot(self) -> dict[str, Any]: ...


class Journal:
    """An open log; lines are appended over all sessions of the run."""

    def __init__(self, path: Path) -> None:
        torn = _ends_torn(path)
        self._file = path.open("a", encoding="utf-8")
        if torn:
            self._file.write("\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._file.close()

    def write(self, event: str, **values: Any) -> None:
        """Appends an event with the time of day in seconds since 1970."""
        line = json.dumps({"time": round(time.time(), 3), "event": event, **values}, default=str)
        # a disk without room must not hide the error that stops the run because of it
        with suppress(OSError):
            self._file.write(line + "\n")
            self._file.flush()

    @asynccontextmanager
    async def heartbeat(self, progress: Watched) -> AsyncIterator[None]:
        """Writes where the run stands, every so often, while the block lasts."""
        task = asyncio.create_task(self._beat(progress))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _beat(self, progress: Watched) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self.write("progress", **progress.snapshot())


def _ends_torn(path: Path) -> bool:
    """Whether the last start was killed in the middle of a line, which the next one must not go on."""
    if not path.exists() or path.stat().st_size == 0:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
