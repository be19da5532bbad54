"""What came of grading a file of responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from regenesis.report.blocks import Block, Note, View

if TYPE_CHECKING:
    from regenesis.evaluation.harness_log import Agreement

MOST_FAULTS = 10
_MOST_CELLS = 5


def grading_view(
    statuses: Mapping[str, int], faults: Sequence[str], without_gold: Counter[str], harness: Mapping[str, Agreement]
) -> View:
    """Invalid rows first, then the counts.

    Args:
        statuses: Graded rows by status.
        faults: What is wrong with rows that could not be graded.
        without_gold: Rows without a gold answer, by what stands in its place.
        harness: How far the scores in a log of lm-evaluation-harness agree, by metric.
    """
    blocks: list[Block] = [Note(fault) for fault in faults[:MOST_FAULTS]]
    if len(faults) > MOST_FAULTS:
        blocks.append(Note(f"and {len(faults) - MOST_FAULTS:,} more invalid rows."))
    total = sum(statuses.values())
    shares = ", ".join(f"{count:,} {status} ({_share(count, total)})" for status, count in statuses.items())
    blocks.append(Note(f"{total:,} graded: {shares}; {len(faults):,} invalid rows skipped."))
    blocks += [_agreement(name, one) for name, one in harness.items()]
    if without_gold:
        shown = ", ".join(repr(cell) for cell, _ in without_gold.most_common(_MOST_CELLS))
        blocks.append(Note(f"{without_gold.total():,} rows without a gold answer ({shown}), excluded."))
    return [blocks]


def _agreement(name: str, one: Agreement) -> Note:
    return Note(
        f"The harness' {name} counts {one.correct} of {one.answers} as correct ({_share(one.correct, one.answers)}); "
        f"both say the same of {one.agreed} ({_share(one.agreed, one.answers)})."
    )


def _share(count: int, total: int) -> str:
    return f"{100 * count / max(total, 1):.1f} %"
