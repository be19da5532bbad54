"""A run's model card, brought up to date with the run's evaluation.

notes = refresh_model_card(RunDirectory("runs/x"))      # why there are no figures in it, if there are none
"""

from __future__ import annotations

import re

from regenesis.evaluation.model_variants import TUNED
from regenesis.store.directory import RunDirectory, read_json
from regenesis.training.card import CARD, update_results, write_model_card


def refresh_model_card(directory: RunDirectory) -> list[str]:
    """Puts the figures of the last evaluation into the model's card; a card that is not there is written.

    A later round is measured in the folder of its run. Figures that are older than the model are those of another
    model, and left out.

    Args:
        directory: The folder of a run or of a round, with a tuned model in it.

    Returns:
        What to know about the card, a sentence each.

    Raises:
        RunError: What the evaluation or the training wrote is damaged.
        TrainingError: The card cannot be read or written.
    """
    model, record = directory.model, directory.model / "training.json"
    if not (model / CARD).is_file():
        write_model_card(model, read_json(record) or {})
    file, name = directory.evaluation / "summary.json", TUNED
    if re.fullmatch(r"round-\d+", directory.path.resolve().name) and not file.is_file():
        file, name = RunDirectory(directory.path.resolve().parent).evaluation / "summary.json", directory.path.name
    summary, notes = read_json(file), []
    if summary is None:
        notes.append("The model has not been evaluated, as its card states: `regenesis evaluate` measures it.")
    elif record.is_file() and file.stat().st_mtime < record.stat().st_mtime:
        notes.append(f"{file} is older than the model, so the card has no results: evaluate again to add them.")
        summary = None
    elif not summary.get("complete", True):
        notes.append("The evaluation is incomplete, as the card states.")
    update_results(model, summary or {}, name)
    return notes
