"""Waiting for a coroutine where nobody knows whether an event loop runs already: in a script, a notebook, a server."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run_to_its_end(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, which gets an event loop and a thread of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
