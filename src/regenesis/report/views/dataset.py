"""A dataset that was derived anew from what a run has recorded."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from regenesis.report.blocks import Block, Facts, Note, View
from regenesis.report.figures import counted
from regenesis.report.views.funnel import funnel_table, tasks_table

if TYPE_CHECKING:
    from regenesis.dataset.pairs import PairsSummary
    from regenesis.runs.deriving import DerivedDataset


def dataset_view(derived: DerivedDataset, run: str) -> View:
    """What changed, what it came to, and what would have to be asked; `run` is the run's folder."""
    rows, funnel = derived.summary.rows, derived.funnel
    of = f" of {derived.available:,}" if derived.available != rows else ""
    headline = Note(f"{rows:,}{of} rows, derived from what is recorded. Nothing was asked.", "good" if rows else "bad")
    changes = [Note("Changed:", details=derived.changed)] if derived.changed else []
    missing: list[Block] = []
    if derived.missing:
        command = shlex.join(["regenesis", "synthesize", f"{run}/config.yaml", "--run-dir", run])
        missing = [
            Note(
                f"These settings ask more of {counted(derived.missing, 'question')} than is recorded; until they "
                "are asked, the rows are those of the recorded replies.",
                "caution",
            ),
            Facts([("Ask it", command)], copied=True),
        ]
    tables = [[funnel_table(funnel)], [tasks_table(funnel)] if len(funnel.tasks) > 1 else []]
    steps = [("Dataset", str(derived.summary.folder)), ("Train on it", shlex.join(["regenesis", "train", run]))]
    return [[headline, *changes], *(tables if funnel.total.chains else []), missing, [Facts(steps, copied=True)]]


def pairs_view(written: PairsSummary) -> View:
    """What preference pairs were written."""
    if not written.rows:
        return [[Note("No pairs: no question has both a kept path and a sound wrong one.", "bad")]]
    said = f"{counted(written.rows, 'pair')} of {counted(written.questions, 'question')}."
    alone = f"{counted(written.one_sided, 'more question')} had no sound path on one of the two sides."
    load = f'load_dataset("{written.folder}", split="train")'
    return [
        [Note(said, "good"), *([Note(alone)] if written.one_sided else [])],
        [Facts([("Pairs", str(written.folder)), ("For TRL", load)], copied=True)],
    ]
