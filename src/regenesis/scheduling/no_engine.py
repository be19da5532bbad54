"""The engine of a method that asks nothing: a model need not be there, let alone be loaded."""

from __future__ import annotations

from regenesis.errors import EngineError
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
