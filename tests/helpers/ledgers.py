"""Ledgers for tests to spoil."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from tests.helpers.played import completion, request

from regenesis.ledger import Ledger


def filled(path: Path, count: int = 300) -> list[str]:
    """A closed ledger with so many completions, big enough for many pages; returns their keys."""
    requests = [
        request(seed=seed, text=f"Question {seed} " + random.Random(seed).randbytes(300).hex()) for seed in range(count)
    ]

    async def fill() -> None:
        with Ledger.open(path) as ledger:
            await asyncio.gather(*(ledger.put(one, completion(f"Answer {one.seed}")) for one in requests))

    asyncio.run(fill())
    return [one.key for one in requests]


def contents(folder: Path) -> dict[str, bytes]:
    """The main files of a folder; SQLite's shared memory says nothing that lasts."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.endswith(("-shm", "-wal"))}
