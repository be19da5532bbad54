"""What a shard records is sealed every few seconds, so that no more than that is lost with its machine.

    async with sealing(folder, sealed, "3-of-16", progress) as ended:
        ended(await synthesize(…))

The shard is held meanwhile, and told of beside its segments (`synthesis.shard_states`).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from regenesis.errors import LedgerError, RegenesisError, RunError, RunInUse
from regenesis.ledger import Ledger
from regenesis.ledger.segments import Sealer, absorb, rows_in
from regenesis.storage import Folder
from regenesis.store.directory import RunDirectory, write_whole
from regenesis.store.sealed_outcomes import seal_outcomes
from regenesis.synthesis.shard_states import Hold

SEAL_SECONDS = 5.0
"""Between two segments: what is lost with a machine at most."""
PATIENCE_SECONDS = 60.0
"""How long storage may fail before the shard stops: what cannot be sealed would be lost with its machine."""
_BESIDE = ("config.yaml", "inputs.json")
"""Files of a run that stand beside its segments."""


class Counters(Protocol):
    """The counters of a stage's progress."""

    def snapshot(self) -> dict[str, Any]:
        """The counters as plain values."""


class Ended(Protocol):
    """How a stage ended."""

    @property
    def complete(self) -> bool:
        """Whether all its questions are finished."""

    @property
    def stopped(self) -> str | None:
        """What the budget ran out of."""


@asynccontextmanager
async def sealing(
    folder: RunDirectory, sealed: Folder, shard: str, progress: Counters
) -> AsyncIterator[Callable[[Ended], None]]:
    """Holds a shard and seals what is recorded of it, now and then and at the end; is told how the synthesis ended.

    Args:
        folder: The run folder that the shard works in; what was sealed elsewhere is taken into it first.
        sealed: The folder of its segments.
        shard: Its name.
        progress: Its counters.

    Raises:
        RunInUse: Another process works on the shard.
        RegenesisError: A segment is damaged, or the folder cannot be read or written.
    """
    hold = Hold(sealed, shard)
    reports: list[Ended] = []
    why: str | None = None
    try:
        await hold.take()
        sealer = await _restored(folder, sealed)
        async with _now_and_then(lambda: _seal(folder, sealed, sealer, hold, progress)):
            yield reports.append
        # a short cut for whoever puts shards together: without them, questions are judged there
        with suppress(OSError, sqlite3.Error):
            await asyncio.to_thread(seal_outcomes, folder.outcomes, sealed)
        why = None if reports[-1].complete else reports[-1].stopped or "questions were set aside"
    except asyncio.CancelledError:
        why = "interrupted"
        raise
    except RegenesisError as error:
        why = str(error)
        raise
    except BaseException as error:
        why = type(error).__name__
        raise
    finally:
        with suppress(RunError):
            hold.leave(progress.snapshot(), complete=bool(reports) and reports[-1].complete, why=why)


async def _restored(folder: RunDirectory, sealed: Folder) -> Sealer:
    """A sealer of the folder's ledger, which holds all that was sealed elsewhere: its machine was lost, say."""
    with folder.locked():
        sealer = Sealer(folder.ledger, sealed)
        missing = sealer.missing()
        if missing:
            if not folder.ledger.exists():
                _take_files(folder, sealed)
            sealer.seal()
            with Ledger.open(folder.ledger) as ledger:
                await absorb(ledger, rows_in(sealed, missing))
            sealer.take_in(missing)
    return sealer


def _take_files(folder: RunDirectory, sealed: Folder) -> None:
    for name in _BESIDE:
        try:
            write_whole(folder.path / name, sealed.read(name).decode("utf-8", "replace"))
        except FileNotFoundError:  # an evaluation has none
            continue
        except OSError as error:
            raise RunError(f"{sealed}/{name}: cannot be read ({error.strerror or error}).") from error


def _seal(folder: RunDirectory, sealed: Folder, sealer: Sealer, hold: Hold, progress: Counters) -> None:
    hold.tell(progress.snapshot())
    for name in _BESIDE:
        try:
            source = (folder.path / name).read_bytes()
        except FileNotFoundError:
            continue
        try:
            with suppress(FileNotFoundError):
                if sealed.read(name) == source:
                    continue
            sealed.write(name, source)
        except OSError as error:
            raise RunError(f"{sealed}/{name}: cannot be written ({error.strerror or error}).") from error
    sealer.seal()


@asynccontextmanager
async def _now_and_then(seal: Callable[[], None]) -> AsyncIterator[None]:
    """Calls `seal` every few seconds while the block lasts, and at its end.

    Raises:
        RegenesisError: It failed at the end; while the block lasts, it failed for longer than storage may.
    """

    async def again_and_again() -> None:
        whole = time.monotonic()
        while True:
            await asyncio.sleep(SEAL_SECONDS)
            try:
                await asyncio.to_thread(seal)
                whole = time.monotonic()
            except (LedgerError, RunError) as error:
                if isinstance(error, RunInUse) or time.monotonic() - whole > PATIENCE_SECONDS:
                    raise

    task, block = asyncio.create_task(again_and_again()), asyncio.current_task()
    failure: list[BaseException] = []

    def stop(ended: asyncio.Task[None]) -> None:
        if not ended.cancelled() and block is not None and (error := ended.exception()) is not None:
            failure.append(error)
            block.cancel()

    task.add_done_callback(stop)
    try:
        yield
    except asyncio.CancelledError:
        if failure:
            raise failure[0] from None
        raise
    finally:
        if not failure:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await asyncio.to_thread(seal)
