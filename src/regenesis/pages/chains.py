"""What the chains of a run came to: the funnel, yields by guideline and task, and lengths.

chains = read_chains(RunDirectory("runs/x"))
chains.funnel.total.kept
chains.kinds                                # how many of each task, guideline, verdict, length

A finished synthesis is read from its tables, column by column; one that is going on from the outcomes recorded so far.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from regenesis.curation import Funnel
from regenesis.errors import RunError
from regenesis.store.directory import RunDirectory, read_json
from regenesis.store.outcomes import OutcomeStore
from regenesis.store.tables import read_tasks


class Kind(NamedTuple):
    """What chains are counted by.

    Attributes:
        task: The task of the question.
        guideline: The guideline, several joined by `+`.
        hinted: Whether the answer was shown.
        status: What the checker made of the answer.
        fit: Whether the path is correct and without a defect.
        kept: Whether it was kept.
        tokens: Its length, as the engine counted it.
    """

    task: str
    guideline: str
    hinted: bool
    status: str
    fit: bool
    kept: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class Chains:
    """All chains of a run's finished questions.

    Attributes:
        funnel: The counts along the way.
        kinds: How many there are of each kind.
    """

    funnel: Funnel
    kinds: Mapping[Kind, int]


def read_chains(directory: RunDirectory) -> Chains:
    """Reads what the chains of a run came to so far.

    Raises:
        RunError: What the run holds of them is damaged.
    """
    summary = read_json(directory.summary) or {}
    if _is_current(directory, summary):
        return Chains(Funnel.from_json(summary["funnel"]), _from_tables(directory))
    funnel, kinds = Funnel(), Counter[Kind]()
    tasks = read_tasks(directory.questions) if directory.questions.exists() else {}
    with closing(OutcomeStore.latest(directory.outcomes)) as store:
        for name, chains in store.counted(tasks):
            task = tasks[name]
            funnel.finish_chains(task, chains)
            kinds.update(
                [
                    Kind(task, guideline, hinted, status, status == "correct" and defect is None, kept, tokens)
                    for guideline, hinted, status, _, defect, kept, tokens, _ in chains
                ]
            )
    return Chains(funnel, kinds)


def _is_current(directory: RunDirectory, summary: Mapping[str, Any]) -> bool:
    """Whether the tables hold all outcomes that are recorded."""
    tables = (directory.paths, directory.verdicts, directory.questions)
    if "funnel" not in summary or not directory.outcomes.exists() or not all(file.is_file() for file in tables):
        return False
    import pyarrow
    from pyarrow import parquet

    store = OutcomeStore.latest(directory.outcomes)
    try:
        counts = store.counts()
        rows = {parquet.read_metadata(file).num_rows for file in tables[:2]}
    except (pyarrow.ArrowException, OSError):
        return False
    finally:
        store.close()
    return summary.get("finished") == counts.questions and rows == {counts.chains}


def _from_tables(directory: RunDirectory) -> Counter[Kind]:
    import pyarrow

    try:
        tasks = dict(_rows(directory.questions, "id", "task"))
        paths = _rows(directory.paths, "question_id", "guideline", "hinted", "tokens")
        verdicts = _rows(directory.verdicts, "status", "defect", "kept")
        # counted here: arrow's own grouping brings imports that take longer than this
        return Counter(
            Kind(tasks[question], guideline, hinted, status, status == "correct" and defect is None, kept, tokens)
            for (question, guideline, hinted, tokens), (status, defect, kept) in zip(paths, verdicts, strict=True)
        )
    except (pyarrow.ArrowException, OSError, KeyError, ValueError) as error:
        raise RunError(
            f"{directory.path}: its tables of paths and verdicts cannot be read ({error}). Run `regenesis synthesize` "
            "on it again to write them: nothing is requested twice."
        ) from error


def _rows(file: Path, *columns: str) -> Iterator[tuple[Any, ...]]:
    from pyarrow import parquet

    with parquet.ParquetFile(file) as opened:
        table = opened.read(list(columns))
    return zip(*(table[name].to_pylist() for name in columns), strict=True)
