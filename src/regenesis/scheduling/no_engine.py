"""Engines that ask nobody: a model need not be there, let alone be loaded.

`NoEngine` serves a method that asks nothing, `RecordedOnly` questions whose requests the ledger has answers to.
"""

from __future__ import annotations

from regenesis.errors import EngineError, RequestFailed
from regenesis.types import Completion, Request


class NoEngine:
    """Stands where an engine is expected and answers no request."""

    kind = "none"
    model = ""
    capacity = 1

    async def open(self) -> None:
        pass

    async def complete(self, request: Request) -> Completion:
        raise EngineError(f"The method asks the model at the stage {request.stage!r}: it must declare its `stages`.")

    async def close(self) -> None:
        pass


class RecordedOnly:
    """Stands behind a ledger that has been asked everything, or nearly: what is recorded never comes to it.

    Args:
        model: Identity of the model that was asked.
        refuses: Whether a request that is not recorded ends its chain alone, as one that a server refuses does; else
            its question is left as it is.
    """

    kind = "none"
    capacity = 64

    def __init__(self, model: str, *, refuses: bool) -> None:
        self.model = model
        self._refuses = refuses

    async def open(self) -> None:
        pass

    async def complete(self, request: Request) -> Completion:
        if self._refuses:
            return Completion("", "refused", 0, 0, self.kind, 0.0, error="not recorded")
        raise RequestFailed(f"{request.question_id}: not recorded")

    async def close(self) -> None:
        pass
