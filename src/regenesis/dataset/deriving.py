"""A run's tables, data set and card, derived from the outcomes of its questions; no engine is asked.

    derived = derive(directory, outcomes, method=method, curator=curator, about=about)
    derived.dataset.rows, derived.funnel.total

What is derived may be deleted and derived again, by the next start of the synthesis or alone
(`regenesis.derive_dataset`). The rows are those that supervised fine-tuning takes, as the method makes them; rows of
another kind (pairs, say) would be made here of the same outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regenesis.curation import Curator, Funnel
from regenesis.curation.leaks import find_leak
from regenesis.dataset.examples import example
from regenesis.dataset.writing import DatasetSummary, write_dataset
from regenesis.ledger import Ledger
from regenesis.methods import Method, Outcome
from regenesis.store.directory import RunDirectory
from regenesis.store.tables import OutcomeTables
from regenesis.types import Example, GradedPath, Question


@dataclass(frozen=True, slots=True)
class Derived:
    """What was derived: the data set that was written, and the counts over all outcomes."""

    dataset: DatasetSummary
    funnel: Funnel


def derive(
    directory: RunDirectory,
    outcomes: Iterable[Outcome],
    *,
    method: Method[Any],
    curator: Curator,
    about: Mapping[str, Any],
    thoughts: Ledger | None = None,
) -> Derived:
    """Writes the tables of paths and verdicts, and the data set with its card; the caller holds the run's lock.

    Args:
        directory: The run.
        outcomes: What became of its questions, in the run's order; taken one at a time.
        method: The method that made them, which also makes rows of them.
        curator: Counts near-duplicates.
        about: What the card says of the origin; see `write_dataset`.
        thoughts: The ledger to take thoughts from, where they are trained on.

    Raises:
        RunError: Something cannot be read or written.
    """
    funnel = Funnel()
    with OutcomeTables(directory.paths, directory.verdicts) as tables:
        counted = _counted(outcomes, tables, funnel, curator)
        dataset = write_dataset(directory.dataset, _examples(counted, method, thoughts), funnel, about)
    return Derived(dataset, funnel)


def _counted(outcomes: Iterable[Outcome], tables: OutcomeTables, funnel: Funnel, curator: Curator) -> Iterator[Outcome]:
    for outcome in outcomes:
        tables.add(outcome)
        near_duplicates = curator.near_duplicates(outcome.judged, outcome.kept)
        funnel.finish_question(outcome.question, outcome.judged, outcome.kept, near_duplicates)
        yield outcome


def _examples(outcomes: Iterable[Outcome], method: Method[Any], thoughts: Ledger | None) -> Iterator[Example]:
    for outcome in outcomes:
        for row in method.rows(outcome):
            yield example(
                row.judged,
                outcome.question,
                row.prompt,
                completion=row.completion,
                form=row.form,
                thought=None if thoughts is None else _thought_of(row.judged, outcome.question, thoughts),
            )


def _thought_of(judged: GradedPath, question: Question, ledger: Ledger) -> str:
    """What the model thought before a path; nothing where that speaks of what the trained prompt does not hold."""
    key = next((key for _, key, text in reversed(judged.path.steps) if judged.path.text in text), None)
    completion = ledger.get(key) if key is not None else None
    thought = completion.thought if completion is not None else ""
    return "" if find_leak(thought, question.text) in ("hint", "guideline", "structure") else thought
