"""A run's data set derived anew, from what is stored alone: no engine, no question loaded, no request.

derive_dataset("runs/x").rows
"""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path

from regenesis.curation import Curator
from regenesis.dataset import DatasetSummary
from regenesis.dataset.deriving import derive
from regenesis.errors import RunError
from regenesis.ledger import Ledger
from regenesis.store.directory import RunDirectory, read_json
from regenesis.store.outcomes import OutcomeStore
from regenesis.store.tables import read_left_out, read_questions
from regenesis.synthesis.inputs import method_of, shown_to

DERIVING_USES = ("method", "answering")
"""Sections of a config that deriving its data set uses."""


def derive_dataset(run_dir: str | Path) -> DatasetSummary:
    """Writes a run's tables, data set and card again, from the outcomes of its finished questions.

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
            f"{directory.path}: holds no {directory.origin.name}, which the synthesis writes with its data set. Start "
            "the synthesis again; of a finished one nothing is asked."
        )
    method = method_of(config.method, config.answering)
    curator = Curator(config.curation, scaffold=method.scaffold)
    with directory.locked():
        left_out = read_left_out(directory.questions)
        questions = (question for question in read_questions(directory.questions) if question.id not in left_out)
        thinks = config.thinking == "keep"
        with (
            closing(OutcomeStore.latest(directory.outcomes)) as store,
            Ledger.read(directory.ledger) if thinks else nullcontext() as ledger,
        ):
            outcomes = store.in_order(shown_to(method, list(questions)))
            derived = derive(directory, outcomes, method=method, curator=curator, about=about, thoughts=ledger)
    return derived.dataset
