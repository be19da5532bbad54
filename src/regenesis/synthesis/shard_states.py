"""Where a shard stands, told beside its segments: who works on it, how far it is, and how it ended.

    for state in shard_states(folder): ...     # of all shards that have told of themselves

A process that works on a shard holds it by telling so again with every segment. Another one that finds it held watches
whether it is told of again: clocks of several machines need not agree.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import socket
import time
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from regenesis.errors import RunError, RunInUse
from regenesis.filesystems import is_alive
from regenesis.storage import Folder

STATE = "state.json"
WATCH_SECONDS = 20.0
"""How long a shard that somebody seems to hold is watched before it is taken for left behind."""
_LOOK_SECONDS = 0.5
_SHARD = re.compile(r"([1-9][0-9]{0,5})-of-([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class ShardState:
    """Where a shard stands.

    Attributes:
        shard: Its name, such as `3-of-16`.
        holder: Who works on it, as host, process and a word of its own; `None` while nobody does.
        beat: Counts how often it was told of.
        told: When it was last told of, by the clock of its machine.
        figures: The counters of its progress, as in the log of a run.
        complete: Whether all its questions are finished.
        why: Why it stopped before its end, where it did.
    """

    shard: str
    holder: str | None = None
    beat: int = 0
    told: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)
    complete: bool = False
    why: str | None = None

    def figure(self, name: str) -> float:
        """A counter; 0 where it is not told."""
        value = self.figures.get(name)
        return value if isinstance(value, int | float) and 0 <= value < 1e15 else 0

    @property
    def finished(self) -> int:
        """Questions finished, or answered in an evaluation."""
        return int(self.figure("finished") or self.figure("answered"))

    @property
    def phase(self) -> str:
        """What it is doing, or how it ended."""
        if self.complete:
            return "done"
        if self.holder is None:
            return "stopped"
        phase = self.figures.get("phase")
        return phase if isinstance(phase, str) else "starting"


def read_state(folder: Folder, shard: str) -> ShardState:
    """The state of a shard as told in its folder; an empty one where nothing that can be read is.

    Raises:
        RunError: The folder cannot be read.
    """
    try:
        told = json.loads(folder.read(STATE))
        kinds = {"holder": str | None, "beat": int, "told": int | float, "figures": dict, "complete": bool}
        if isinstance(told, dict) and all(isinstance(told.get(name), kind) for name, kind in kinds.items()):
            known = {one.name for one in fields(ShardState)} & told.keys()
            return ShardState(**{name: told[name] for name in known} | {"shard": shard})
    except FileNotFoundError:
        pass
    except OSError as error:
        raise RunError(f"{folder}/{STATE}: cannot be read ({error.strerror or error}).") from error
    except (ValueError, RecursionError):
        pass
    return ShardState(shard)


def shard_states(folder: Folder) -> list[ShardState]:
    """The states of all shards in a folder of segments, in order.

    Raises:
        RunError: The folder cannot be read.
    """
    try:
        found = [match for name in folder.names() if (match := _SHARD.fullmatch(name))]
    except OSError as error:
        raise RunError(f"{folder}: cannot be read ({error.strerror or error}).") from error
    names = [match[0] for match in sorted(found, key=lambda match: (int(match[2]), int(match[1])))]
    return [read_state(folder.inside(name), name) for name in names]


class Hold:
    """A shard held for this process."""

    def __init__(self, folder: Folder, shard: str) -> None:
        self._folder = folder
        self._state = ShardState(shard, f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(6)}")

    async def take(self) -> None:
        """Takes the shard; waits while it cannot be told whether the one who held it is still there.

        Raises:
            RunInUse: Another process works on it.
            RunError: The folder cannot be read or written.
        """
        before = now = await self._read()
        until = time.monotonic() + WATCH_SECONDS
        while now.holder is not None and not _is_gone(now.holder) and time.monotonic() < until:
            if (now.holder, now.beat) != (before.holder, before.beat):
                raise _in_use(self._folder, now.holder)
            await asyncio.sleep(_LOOK_SECONDS)
            now = await self._read()
        await asyncio.to_thread(self._write)

    async def _read(self) -> ShardState:
        return await asyncio.to_thread(read_state, self._folder, self._state.shard)

    def tell(self, figures: dict[str, Any]) -> None:
        """Tells how far the shard is.

        Raises:
            RunInUse: Another process has taken the shard.
            RunError: The folder cannot be read or written.
        """
        holder = read_state(self._folder, self._state.shard).holder
        if holder is not None and holder != self._state.holder:
            raise _in_use(self._folder, holder)
        self._state = replace(self._state, beat=self._state.beat + 1, figures=figures)
        self._write()

    def leave(self, figures: dict[str, Any], *, complete: bool, why: str | None) -> None:
        """Tells how the shard ended, unless another process has taken it."""
        if read_state(self._folder, self._state.shard).holder in (None, self._state.holder):
            self._state = replace(self._state, holder=None, figures=figures, complete=complete, why=why)
            self._write()

    def _write(self) -> None:
        self._state = replace(self._state, told=time.time())
        try:
            self._folder.write(STATE, json.dumps(asdict(self._state), indent=1).encode())
        except OSError as error:
            raise RunError(f"{self._folder}/{STATE}: cannot be written ({error.strerror or error}).") from error


def _in_use(folder: Folder, holder: str) -> RunInUse:
    host, process, *_ = [*holder.split(" "), "?", "?"]
    return RunInUse(
        f"{folder}: another process (pid {process} on {host}) is working on this shard. Wait for it or stop it."
    )


def _is_gone(holder: str) -> bool:
    """Whether it is known that a holder has ended: one on this machine, whose process is no more."""
    match holder.split(" "):
        case [host, process, _] if host == socket.gethostname() and process.isdecimal():
            return not is_alive(int(process))
    return False
