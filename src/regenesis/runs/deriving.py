"""A run's dataset derived anew, from what is stored alone: no engine, no question loaded, no request.

derive_dataset("runs/x").rows
"""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path

from regenesis.curation import Curator
from regenesis.dataset import DatasetSummary
from regenesis.dataset.config import DatasetConfig
from regenesis.dataset.deriving import derive, generated_tokens
from regenesis.errors import RunError
from regenesis.ledger import Ledger
from regenesis.store.directory import RunDirectory, read_json
from regenesis.store.outcomes import OutcomeStore
from regenesis.store.tables import read_left_out, read_questions
from regenesis.synthesis.inputs import method_of, shown_to

DERIVING_USES = ("method", "answering")
"""Sections of a config that deriving its dataset uses."""


def derive_dataset(run_dir: str | Path, draw: DatasetConfig | None = None) -> DatasetSummary:
    """Writes a run's tables, dataset and card again, from the outcomes of its finished questions.

    Args:
        run_dir: The run's folder.
        draw: How much of what was kept becomes rows, in place of what the run's config says; it is written down there.

    Raises:
        RunError: There is no run in the folder, its synthesis has written nothing yet, another process works on it, or
            what it holds cannot be read.
        ConfigError: A file that the config's method names cannot be used.
    """
    directory = RunDirectory(run_dir)
    config = directory.require_own(DERIVING_USES)
    about = read_json(directory.origin)
    if about is None:
        raise RunError(
            f"{directory.path}: holds no {directory.origin.name}, which the synthesis writes with its dataset. Start "
            "the synthesis again; of a finished one nothing is asked."
        )
    method = method_of(config.method, config.answering)
    curator = Curator(config.curation, scaffold=method.unspeakable)
    with directory.locked():
        if draw is not None and draw != config.dataset:
            config = config.model_copy(update={"dataset": draw})
            directory.write_down(config)
        left_out = read_left_out(directory.questions)
        questions = [question for question in read_questions(directory.questions) if question.id not in left_out]
        asked = shown_to(method, questions)
        thinks, counts = config.thinking == "keep", config.dataset.max_generated_tokens is not None
        with (
            closing(OutcomeStore.latest(directory.outcomes)) as store,
            Ledger.read(directory.ledger) if thinks or counts else nullcontext() as ledger,
        ):
            derived = derive(
                directory,
                lambda: store.in_order(asked),
                method=method,
                curator=curator,
                about=about,
                config=config.dataset,
                thoughts=ledger if thinks else None,
                generated={} if ledger is None else generated_tokens(ledger, config.dataset),
            )
    return derived.dataset
