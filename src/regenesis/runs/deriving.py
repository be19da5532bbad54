"""A run's dataset derived anew, from what is stored alone: no engine, no request.

derive_dataset("runs/x").rows
derive_dataset("runs/x", overrides=["curation.min_steps=3", "method.keep=1"]).rows
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regenesis.config import RunConfig
from regenesis.curation.funnel import Funnel
from regenesis.dataset import DatasetSummary
from regenesis.dataset.config import DatasetConfig
from regenesis.dataset.deriving import derive, generated_tokens
from regenesis.dataset.pairs import PairsSummary, write_pairs
from regenesis.errors import RunError
from regenesis.ledger import Ledger
from regenesis.methods import Method
from regenesis.runs.waiting import run_to_its_end
from regenesis.store.directory import RunDirectory, read_json, write_whole
from regenesis.store.outcomes import OutcomeStore
from regenesis.store.tables import read_left_out, read_questions
from regenesis.synthesis.deriving_beside import made_beside
from regenesis.synthesis.inputs import fingerprint_of, method_of, shown_to
from regenesis.synthesis.judging import PathJudge
from regenesis.synthesis.questions import load_for
from regenesis.synthesis.replaying import Replayed, replay
from regenesis.types import Question

DERIVING_USES = ("method", "answering")
"""Sections of a config that deriving its dataset uses."""


@dataclass(frozen=True, slots=True)
class DerivedDataset:
    """A dataset that was derived anew.

    Attributes:
        summary: What was written.
        available: Rows that there were to draw it from.
        funnel: Counts over all finished questions.
        changed: What differs from the settings before, a line each.
        missing: Questions with requests that are not recorded, which a synthesis would ask.
    """

    summary: DatasetSummary
    available: int
    funnel: Funnel
    changed: list[str]
    missing: int = 0


def derive_dataset(
    run_dir: str | Path, draw: DatasetConfig | None = None, *, overrides: Sequence[str] = ()
) -> DatasetSummary:
    """Writes a run's tables, dataset and card again, from the outcomes of its finished questions.

    Args:
        run_dir: The run's folder.
        draw: How much of what was kept becomes rows, in place of what the run's config says; it is written down there.
        overrides: Assignments such as `curation.min_steps=3` or `method.keep=2`, written down in the run's config.
            Recorded completions are judged by them anew; only fields that change no recorded request are allowed.

    Raises:
        RunError: There is no run in the folder, its synthesis has written nothing yet, another process works on it,
            what it holds cannot be read, or an override changes what was asked.
        ConfigError: An override is not valid, or a file that the config's method names cannot be used.
    """
    return derive_anew(run_dir, draw, overrides=overrides).summary


def derive_anew(
    run_dir: str | Path, draw: DatasetConfig | None = None, *, overrides: Sequence[str] = ()
) -> DerivedDataset:
    """As `derive_dataset`, and says more of how it went."""
    directory = RunDirectory(run_dir)
    config = directory.require_own(DERIVING_USES, overrides)
    if draw is not None:
        config = config.model_copy(update={"dataset": draw})
    about = read_json(directory.origin)
    if about is None:
        raise RunError(
            f"{directory.path}: holds no {directory.origin.name}, which the synthesis writes with its dataset. Start "
            "the synthesis again; of a finished one nothing is asked."
        )
    method = method_of(config.method, config.answering)
    with directory.locked():
        changed = directory.require_same(config)
        _require_same_tasks(changed)
        asked = shown_to(method, _questions(config, directory, method))
        replayed = _replayed(config, directory, asked, method) if changed else None
        if config != directory.frozen_config():
            directory.write_down(config)
            about |= method.describe()
            write_whole(directory.origin, json.dumps(about, indent=1, ensure_ascii=False) + "\n")
        thinks = config.thinking == "keep"
        with closing(OutcomeStore.latest(directory.outcomes)) as store, Ledger.read(directory.ledger) as ledger:
            derived = derive(
                directory,
                lambda: store.in_order(asked),
                method=method,
                curator=PathJudge.of(config.curation, method).curator,
                about=about,
                config=config.dataset,
                thoughts=ledger if thinks else None,
                generated=generated_tokens(ledger, config.dataset),
                portions=made_beside(config, directory, store, asked),
            )
    missing = replayed.missing if replayed is not None else 0
    return DerivedDataset(derived.dataset, derived.available, derived.funnel, changed, missing)


def _require_same_tasks(changed: Sequence[str]) -> None:
    tasks = [line for line in changed if line.startswith("tasks.")]
    if tasks:
        raise RunError(
            f"{tasks[0]}: other questions have to be read, which `regenesis synthesize` does; it asks nothing that is "
            "recorded."
        )


def derive_pairs(run_dir: str | Path) -> PairsSummary:
    """Writes preference pairs of a run's finished questions into `preferences` in its folder; asks nothing.

    Raises:
        RunError: There is no run in the folder, another process works on it, or what it holds cannot be read.
        ConfigError: A file that the config's method names cannot be used.
    """
    directory = RunDirectory(run_dir)
    config = directory.require_own(DERIVING_USES)
    method = method_of(config.method, config.answering)
    with directory.locked(), closing(OutcomeStore.latest(directory.outcomes)) as store:
        asked = shown_to(method, _questions(config, directory, method))
        return write_pairs(directory.preferences, store.in_order(asked), method)


def _questions(config: RunConfig, directory: RunDirectory, method: Method[Any]) -> list[Question]:
    """The questions that the run asks; as the tasks hold them where the method reads their solutions."""
    left_out = read_left_out(directory.questions)
    found = load_for(config, directory).questions if method.reads_solutions else read_questions(directory.questions)
    return [question for question in found if question.id not in left_out]


def _replayed(config: RunConfig, directory: RunDirectory, asked: Sequence[Question], method: Method[Any]) -> Replayed:
    model = directory.frozen_model() or ""
    with closing(OutcomeStore.latest(directory.outcomes)) as before:
        finished = before.finished()
    led = [(ordinal, question) for ordinal, question in enumerate(asked) if question.id in finished]
    judge = PathJudge.of(config.curation, method)
    fingerprint = fingerprint_of(config, method, asked)

    async def replayed() -> Replayed:
        with (
            closing(OutcomeStore.open(directory.outcomes, fingerprint)) as store,
            Ledger.read(directory.ledger) as ledger,
        ):
            return await replay(config, model, led, method, judge, ledger, store)

    return run_to_its_end(replayed())
