"""What lies behind the figures of a comparison, as data: a list of rows for each question one may ask of it.

analysis = analyze(comparison, changes(comparison.runs))
analysis.guidelines[0].share
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from regenesis.experiments.analysis.changes import Change, ChangeCount, changes, counted
from regenesis.experiments.analysis.costs import Cost, costs
from regenesis.experiments.analysis.diversity import Diversity, diversities
from regenesis.experiments.analysis.failures import Failures, failures
from regenesis.experiments.analysis.overlaps import Overlap, overlaps
from regenesis.experiments.analysis.yields import Yield, yields
from regenesis.experiments.comparing import Comparison

__all__ = [
    "Analysis",
    "Change",
    "ChangeCount",
    "Cost",
    "Diversity",
    "Failures",
    "Overlap",
    "Yield",
    "analyze",
    "changes",
]


@dataclass(frozen=True, slots=True)
class Analysis:
    """The rows, by question asked.

    Attributes:
        guidelines: What each guideline gave on each task.
        hints: What chains gave on each task, without and with the hint.
        diversity: How different the rows of each dataset are from one another.
        changes: What training won and lost on each task, with examples.
        failures: Answers by how they failed and on what kind of question.
        costs: What each method cost.
        overlaps: What two methods solve alike.
    """

    guidelines: Sequence[Yield]
    hints: Sequence[Yield]
    diversity: Sequence[Diversity]
    changes: Sequence[ChangeCount]
    failures: Sequence[Failures]
    costs: Sequence[Cost]
    overlaps: Sequence[Overlap]


def analyze(comparison: Comparison, changed: Iterable[Change]) -> Analysis:
    """Analyses the runs of a comparison.

    Args:
        comparison: The comparison.
        changed: The `changes` of its runs, which are taken one at a time: they are too much to hold.

    Raises:
        RunError: Something that a run holds is damaged.
    """
    runs = comparison.runs
    by_guideline, by_pass = yields(runs)
    return Analysis(
        guidelines=by_guideline,
        hints=by_pass,
        diversity=diversities(runs),
        changes=counted(changed),
        failures=failures(runs),
        costs=list(costs(comparison)),
        overlaps=overlaps(runs),
    )
