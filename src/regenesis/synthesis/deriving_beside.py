"""Portions of a large run's tables and dataset, made by several processes.

    derive(directory, outcomes, portions=made_beside(config, directory, store, questions), …)

Reading what became of a million chains and making rows of it takes one process minutes. Each process reads the outcomes
of the questions that it is given; here portions are only put one behind the other, so files come out as if there were
no such processes. What one of them cannot finish is made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from regenesis.config import RunConfig
from regenesis.dataset.deriving import MakePortions
from regenesis.dataset.portions import QUESTIONS_A_PORTION, Deriving, Portion, Taken
from regenesis.engines.threads import cores
from regenesis.ledger import Ledger
from regenesis.scheduling.collecting import collecting_seldom
from regenesis.store.directory import RunDirectory
from regenesis.store.outcomes import OutcomeStore
from regenesis.synthesis.inputs import method_of
from regenesis.synthesis.judging import PathJudge
from regenesis.synthesis.processes import Pipes, WaitedFor, waited_for
from regenesis.types import Question

FEWEST_CHAINS = 50_000
"""Chains from which processes of their own are worth their start."""
_MOST_PROCESSES = 8
_VALUES_TO_COLLECT = 1_000_000
"""Values made between two searches for cycles in such a process; the usual 700 cost it a tenth of its time."""


@dataclass(frozen=True, slots=True)
class Source:
    """What portions are made of.

    Attributes:
        config: The run's.
        outcomes: Its outcomes, to which nothing is written meanwhile.
        fingerprint: What they hold under.
        ledger: Its ledger, where thoughts are trained on.
        taken: Which rows are drawn; all of them if left out.
    """

    config: RunConfig
    outcomes: Path
    fingerprint: str
    ledger: Path | None = None
    taken: Taken | None = None


def made_beside(
    config: RunConfig, directory: RunDirectory, store: OutcomeStore, questions: Sequence[Question]
) -> MakePortions | None:
    """Makes a run's portions by several processes; `None` where it is too small for that to pay."""
    if store.counts().chains < FEWEST_CHAINS or cores() == 1:
        return None
    ledger = directory.ledger if config.thinking == "keep" else None

    def make(taken: Taken | None) -> Iterator[Portion]:
        return portions_beside(Source(config, directory.outcomes, store.fingerprint, ledger, taken), questions)

    return make


def portions_beside(source: Source, questions: Sequence[Question]) -> Iterator[Portion]:
    """The portions of a run, in the order of its questions.

    Raises:
        RunError: An outcome is damaged, or something cannot be read.
    """
    chunks = [questions[at : at + QUESTIONS_A_PORTION] for at in range(0, len(questions), QUESTIONS_A_PORTION)]
    with ExitStack() as stack:
        here = _Reading(source, stack)
        processes = [stack.enter_context(waited_for(__name__)) for _ in range(_processes(len(chunks)))]
        for number, process in enumerate(processes):
            _ask(process, source)
            _ask(process, chunks[number])
        for number, chunk in enumerate(chunks):
            process = processes[number % len(processes)]
            try:
                portion: Portion = process.receive()
            except (OSError, EOFError):
                portion = here.portion(chunk)
            if number + len(processes) < len(chunks):
                _ask(process, chunks[number + len(processes)])
            yield portion


def _ask(process: WaitedFor, value: object) -> None:
    # of one that has ended nothing will be received, which is met there
    with suppress(OSError):
        process.send(value)


def _processes(chunks: int) -> int:
    return min(cores(), _MOST_PROCESSES, chunks)


class _Reading:
    """Makes portions of outcomes that it reads, opened at the first of them."""

    def __init__(self, source: Source, stack: ExitStack) -> None:
        self._source, self._stack = source, stack
        self._opened: tuple[OutcomeStore, Deriving] | None = None

    def portion(self, questions: Sequence[Question]) -> Portion:
        if self._opened is None:
            self._opened = self._open()
        store, deriving = self._opened
        return deriving.portion(list(store.in_order(questions)), self._source.taken)

    def _open(self) -> tuple[OutcomeStore, Deriving]:
        source = self._source
        method = method_of(source.config.method, source.config.answering)
        thoughts = None if source.ledger is None else self._stack.enter_context(Ledger.read(source.ledger))
        store = self._stack.enter_context(closing(OutcomeStore.read(source.outcomes, source.fingerprint)))
        return store, Deriving(method, PathJudge.of(source.config.curation, method).curator, thoughts)


def main() -> None:
    """What a process of `portions_beside` does: makes a portion of each list of questions that comes in."""
    pipes = Pipes()
    # a portion is many small values that end together, and none of them is in a cycle;
    # the other side ends this process when nothing is left, or by closing the pipe
    with collecting_seldom(_VALUES_TO_COLLECT), ExitStack() as stack, suppress(EOFError, BrokenPipeError):
        reading = _Reading(pipes.given(), stack)
        while True:
            pipes.answer(reading.portion(pipes.given()))
