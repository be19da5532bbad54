"""The protocol every engine speaks: one request in, one completion out.

An engine owns its connections, retries and limit on requests in flight. It knows nothing of questions,
stages or the ledger.
"""

from __future__ import annotations

from typing import Protocol

from regenesis.types import Completion, Request


class Engine(Protocol):
    """Where tokens come from.

    Attributes:
        kind: Short name, recorded with each completion.
        model: Identity of the model; part of every request's key.
        capacity: Most requests it can usefully have in flight.
    """

    kind: str
    model: str
    capacity: int

    async def open(self) -> None:
        """Gets ready: loads the model or makes sure that the server answers and knows it.

        Raises:
            EngineError: It cannot; the message says what to do.
            ModelError: The model cannot be found, fetched or verified.
        """

    async def complete(self, request: Request) -> Completion:
        """Asks for one completion, trying again where that can help.

        A request that the engine refuses for good (a prompt longer than the context, say) is a completion with
        `finish_reason="refused"`, not an exception.

        Raises:
            RequestFailed: This request failed every time it was tried.
            EngineError: The engine cannot go on: a wrong key, an unknown model, a server that stays down.
        """

    async def close(self) -> None:
        """Lets go of connections, threads and memory. Calling it twice is harmless."""
