"""Engines that are opened one after the other, where a server that one has started may serve the next one too.

    async with engines_together([base, tuned]):
        async with open_engine(base, …): ...        # starts a server that serves both
        async with open_engine(tuned, …): ...       # finds it there
    # here it is ended

Only engines whose `open` takes long ask for the group they are in; to all others this is nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Protocol

from regenesis.engines.config import EngineConfig


class Kept(Protocol):
    """Something that an engine has started and that may be of use to the next."""

    async def stop(self) -> None: ...


class Group:
    """The engines that are opened one after the other, and what the last one has left.

    Attributes:
        configs: Their configs.
    """

    def __init__(self, configs: Sequence[EngineConfig]) -> None:
        self.configs = tuple(configs)
        self._kept: tuple[Hashable, Kept] | None = None

    def keep(self, key: Hashable, kept: Kept) -> None:
        """Leaves something for the next engine."""
        self._kept = key, kept

    async def take(self, key: Hashable) -> Kept | None:
        """What was left under this key. What was left under another is stopped first: there may be no room for both."""
        found, self._kept = self._kept, None
        if found is None:
            return None
        if found[0] == key:
            return found[1]
        await found[1].stop()
        return None

    async def close(self) -> None:
        """Stops what is left."""
        found, self._kept = self._kept, None
        if found is not None:
            await found[1].stop()


_CURRENT: ContextVar[Group | None] = ContextVar("engines_together", default=None)


def current_group() -> Group | None:
    """The group that an engine opened now belongs to."""
    return _CURRENT.get()


@asynccontextmanager
async def engines_together(configs: Sequence[EngineConfig]) -> AsyncIterator[None]:
    """Within it, engines of these configs may share what they start."""
    group = Group(configs)
    token = _CURRENT.set(group)
    try:
        yield
    finally:
        _CURRENT.reset(token)
        await group.close()
