"""Questions of a large run led through the ledger once more, by several processes, before anything is asked.

    recall = Recall(config, directory.ledger, model)
    requests = await recall.into(store, questions, progress)     # those whose requests are all recorded

Judging a million recorded completions takes one process minutes: after a change of what judges, or without
`outcomes.sqlite`, every finished question is judged anew. Whatever a process cannot finish, for want of a completion or
because it ended, is left to the start that follows, which leads each question through the ledger by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from regenesis.config import BudgetConfig, RunConfig
from regenesis.engines.threads import cores
from regenesis.errors import RegenesisError, RequestFailed
from regenesis.ledger import Ledger
from regenesis.methods import Session
from regenesis.scheduling import Budget, BudgetSpent, Sampler
from regenesis.scheduling.collecting import collecting_seldom
from regenesis.scheduling.no_engine import RecordedOnly
from regenesis.scheduling.side_by_side import side_by_side
from regenesis.store.outcomes import OutcomeStore, Record
from regenesis.synthesis.inputs import method_of
from regenesis.synthesis.judging import PathJudge
from regenesis.synthesis.processes import Pipes, beside
from regenesis.synthesis.progress import Progress
from regenesis.types import Question

LEAST = 20_000
"""Recorded completions from which processes of their own are worth their start."""
_MOST_PROCESSES = 8
_CHUNK = 50
"""Questions handed to a process at once."""
_TRIED_FIRST = 8
"""Questions that show whether there is anything to recall: of a run that only goes on, the first one left is open."""

Numbered = tuple[int, Question]


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a share of the questions came to.

    Attributes:
        records: Of those whose requests are all recorded.
        requests: Requests answered from the ledger for them.
    """

    records: list[Record]
    requests: int


@dataclass(frozen=True, slots=True)
class Recall:
    """Leads questions through a ledger and asks nothing.

    Attributes:
        config: The run's.
        ledger: The file, which nobody writes to meanwhile.
        model: Identity of the model that was asked.
    """

    config: RunConfig
    ledger: Path
    model: str

    async def into(self, store: OutcomeStore, questions: Sequence[Numbered], progress: Progress) -> int:
        """Recalls all questions that can be, in processes of their own, and records what became of them.

        Args:
            store: Where to.
            questions: With their places in the run.
            progress: Where they are counted as finished.

        Returns:
            How many requests were answered from the ledger.
        """
        requests = 0

        def take(recalled: Recalled) -> None:
            nonlocal requests
            for record in recalled.records:
                store.put_record(record)
            progress.finished += len(recalled.records)
            requests += recalled.requests

        tried = await Recalling.of(self, questions[:_TRIED_FIRST])
        take(tried)
        if tried.records:
            chunks = _chunks(questions[_TRIED_FIRST:])
            await side_by_side([self._serve(chunks, take) for _ in range(_processes())])
        return requests

    async def _serve(self, chunks: Iterator[list[Numbered]], take: Callable[[Recalled], None]) -> None:
        async with beside(__name__) as process:
            # one that ends early leaves its questions to the start that follows
            with suppress(OSError, asyncio.IncompleteReadError):
                process.send(self)
                for chunk in chunks:
                    process.send(chunk)
                    await process.drain()
                    take(await process.receive())


class Recalling:
    """What a process recalls with."""

    def __init__(self, recall: Recall, ledger: Ledger) -> None:
        config = recall.config
        self._method = method_of(config.method, config.answering)
        self._judge = PathJudge.of(config.curation, self._method)
        engine, budget = RecordedOnly(recall.model, refuses=False), Budget(BudgetConfig())
        self._sampler = Sampler(engine, ledger, budget, config.seed, room_for_thought=config.room_for_thought)

    @classmethod
    async def of(cls, recall: Recall, questions: Sequence[Numbered]) -> Recalled:
        """Recalls a few questions in this process."""
        with Ledger.read(recall.ledger) as ledger:
            recalling = cls(recall, ledger)
            return await recalling.chunk(questions) if await recalling.prepared() else Recalled([], 0)

    async def prepared(self) -> bool:
        """Whether what is asked once a run is recorded."""
        try:
            await self._method.prepare(self._sampler)
        except (RegenesisError, BudgetSpent):
            return False
        return True

    async def chunk(self, questions: Sequence[Numbered]) -> Recalled:
        """Recalls some questions, one after another: nothing here waits for anything."""
        records, before = [], self._sampler.traffic.recalled
        for ordinal, question in questions:
            with suppress(RequestFailed):
                outcome = await self._method.solve(Session(question, self._judge, self._sampler, ordinal))
                records.append(Record.of(outcome))
        return Recalled(records, self._sampler.traffic.recalled - before)


def _processes() -> int:
    return min(cores(), _MOST_PROCESSES)


def _chunks(questions: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    remaining = iter(questions)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk


async def _work_through_input() -> None:
    pipes = Pipes()
    recall: Recall = pipes.given()
    with Ledger.read(recall.ledger) as ledger:
        recalling = Recalling(recall, ledger)
        if not await recalling.prepared():
            return
        # the other side ends this process when nothing is left, or by closing the pipe
        with collecting_seldom(), suppress(EOFError, BrokenPipeError):
            while True:
                pipes.answer(await recalling.chunk(pipes.given()))


def main() -> None:
    """What a process of `Recall.into` does: recalls what comes in, until nothing more does."""
    asyncio.run(_work_through_input())
