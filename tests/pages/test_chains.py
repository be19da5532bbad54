from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from regenesis.config import RunConfig
from regenesis.errors import RunError
from regenesis.pages.chains import read_chains
from regenesis.runs import RunDirectory

Finished = tuple[Callable[..., RunConfig], Path]


def test_tables_and_outcomes_say_the_same(finished: Finished) -> None:
    directory = RunDirectory(finished[1])
    from_tables = read_chains(directory)
    directory.verdicts.unlink()
    from_outcomes = read_chains(directory)
    assert from_tables.kinds == from_outcomes.kinds
    assert from_tables.funnel.total == from_outcomes.funnel.total
    assert from_tables.funnel.guidelines == from_outcomes.funnel.guidelines


def test_kinds_add_up_to_the_funnel(finished: Finished) -> None:
    chains = read_chains(RunDirectory(finished[1]))
    total = chains.funnel.total
    assert sum(chains.kinds.values()) == total.chains > 0
    assert sum(count for kind, count in chains.kinds.items() if kind.status == "correct") == total.correct
    assert sum(count for kind, count in chains.kinds.items() if kind.fit) == total.fit
    assert sum(count for kind, count in chains.kinds.items() if kind.kept) == total.kept


def test_a_run_that_has_finished_nothing_has_no_chains(finished: Finished) -> None:
    directory = RunDirectory(finished[1])
    for file in (directory.outcomes, directory.summary, directory.paths):
        file.unlink()
    assert read_chains(directory).funnel.total.chains == 0


def test_tables_of_fewer_chains_than_recorded_are_not_used(finished: Finished) -> None:
    directory = RunDirectory(finished[1])
    whole = read_chains(directory)
    shutil.copy(directory.questions, directory.paths)
    assert read_chains(directory).kinds == whole.kinds


def test_a_damaged_summary_is_named(finished: Finished) -> None:
    directory = RunDirectory(finished[1])
    directory.summary.write_text("{")
    with pytest.raises(RunError, match=r"summary\.json: is damaged"):
        read_chains(directory)
