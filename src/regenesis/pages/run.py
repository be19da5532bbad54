"""The page of one run, also while it is going on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regenesis.evaluation.answers import read_answers
from regenesis.evaluation.record import SUMMARY
from regenesis.pages.again import again_items
from regenesis.pages.answer_list import answer_list
from regenesis.pages.chain_list import Words, chain_list
from regenesis.pages.chains import Chains, read_chains
from regenesis.pages.cost import Price, cost_items
from regenesis.pages.made import made_items
from regenesis.pages.results import result_tiles, results_items
from regenesis.pages.rounds import rounds_items
from regenesis.pages.sections import Item, Page, Section, Tile
from regenesis.report.figures import counted, duration, rounded, share
from regenesis.report.views.status import status_view
from regenesis.runs import Status, read_status
from regenesis.store.directory import RunDirectory, read_json


def run_page(directory: RunDirectory, words: Words, price: Price | None = None) -> Page:
    """The page of a run.

    Args:
        directory: The run.
        words: What its method calls its parts.
        price: What tokens cost.

    Raises:
        RunError: There is no run in the folder, or something in it is damaged.
    """
    status = read_status(directory.path)
    summary = read_json(directory.evaluation / SUMMARY)
    chains = read_chains(directory)
    state, holdings, *_ = status_view(status)
    sections = [
        Section("results", "Did it work?", [*results_items(summary)]),
        Section("made", "What was made?", [*made_items(chains, directory), *rounds_items(directory, chains)]),
        Section("cost", "What did it cost?", [*cost_items(directory, status, price)]),
        Section("samples", "What does it look like?", [*_samples(directory, words, summary)]),
        Section("again", "How to make it again", [*holdings, *again_items(directory, status)]),
    ]
    aside = f"{', '.join(dict.fromkeys(status.tasks))} · {status.model} · {getattr(state[0], 'aside', '')}"
    title = directory.path.resolve().name
    return Page(title, aside, list(_tiles(status, chains, summary)), sections)


def _tiles(status: Status, chains: Chains, summary: Mapping[str, Any] | None) -> Iterator[Tile]:
    yield from result_tiles(summary)
    total = chains.funnel.total
    yield Tile("kept paths", f"{total.kept:,}", f"for {total.served:,} of {counted(status.questions, 'question')}")
    if total.chains:
        yield Tile("correct and fit", share(total.fit, total.chains), f"of {counted(total.chains, 'chain')}")
    generated = sum(one.completion_tokens for one in status.stages.values())
    yield Tile("tokens generated", rounded(generated), f"in {duration(status.seconds)}")


def _samples(directory: RunDirectory, words: Words, summary: Mapping[str, Any] | None) -> Iterator[Item]:
    yield from chain_list(directory, words)
    tasks = (summary or {}).get("tasks")
    if isinstance(tasks, Mapping):
        yield from answer_list([read_answers(directory.path, task) for task in tasks])
