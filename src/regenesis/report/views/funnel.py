"""Where the chains of a run went: chains → parsed → correct → fit → kept, in all and by task, guideline and reason."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from regenesis.answers.judging import JUDGE_SAID_NO, JUDGE_UNCLEAR
from regenesis.report.blocks import Column, Note, Table, View
from regenesis.report.figures import counted, in_words
from regenesis.report.rounding import percent

if TYPE_CHECKING:
    from regenesis.curation.funnel import Funnel, Tally

_DROPPED = {
    "surplus": "over the limit per question",
    "near_duplicate": "near-duplicates",
    "low_pass_rate": "of questions that are seldom right",
}
_COUNTS = {
    "questions": "questions",
    "solved": "served",
    "chains": "chains",
    "correct": "correct",
    "fit": "fit",
    "kept": "kept",
}
"""Columns of a table of tallies: what each counts, by its heading."""


def funnel_view(funnel: Funnel) -> View:
    """All that is counted of the chains of a run, but by task and guideline."""
    total, sentences = funnel.total, []
    sentences.append(f"{total.served:,} of {counted(total.questions, 'question')} have a kept path.")
    if funnel.overruled:
        said_no, unclear = funnel.overruled[JUDGE_SAID_NO], funnel.overruled[JUDGE_UNCLEAR]
        sentences.append(
            f"Correct by the checker but not counted as correct: {counted(funnel.overruled.total(), 'chain')}. As its "
            f"own judge, the model rejected {said_no:,} and gave no clear opinion on {unclear:,}."
        )
    if funnel.failed:
        sentences.append(f"Unparsed because the checker failed: {counted(funnel.failed.total(), 'answer')}.")
    details = [defects_table(funnel), dropped_table(funnel), retries_table(funnel)]
    return [[funnel_table(funnel)], [*map(Note, sentences)], [one for one in details if one.rows]]


def funnel_table(funnel: Funnel) -> Table:
    """Each stage with its share of all chains and where the others went."""
    total, overruled = funnel.total, funnel.overruled.total()
    ended_early = funnel.ended_early
    parsed = [_lost(funnel.unparsed, "no answer found"), _listed(ended_early)]
    correct = [
        _lost(total.parsed - total.correct - overruled, "wrong answer"),
        _lost(overruled, "correct, but rejected by the self-judge"),
    ]
    stages = [
        ("chains", total.chains, ""),
        ("parsed", total.parsed, " ".join(filter(None, parsed))),
        ("correct", total.correct, "; ".join(filter(None, correct))),
        ("fit", total.fit, _listed(funnel.lost)),
        ("kept", total.kept, _listed(funnel.dropped)),
    ]
    columns = [
        Column("stage"),
        Column("chains", right=True),
        Column("share", right=True, quiet=True),
        Column("lost", wraps=True, quiet=True),
    ]
    rows = [(name, f"{count:,}", _share(count, total.chains), lost) for name, count, lost in stages]
    return Table(columns, rows, bare=True)


def tasks_table(funnel: Funnel) -> Table:
    """What each task gave."""
    return _tally_table("task", funnel.tasks)


def guidelines_table(funnel: Funnel) -> Table:
    """What each guideline gave."""
    return _tally_table("guideline", funnel.guidelines)


def defects_table(funnel: Funnel) -> Table:
    """Why chains gave no path fit to train on."""
    rows = [(name, f"{count:,}", f"{funnel.lost[name]:,}") for name, count in _by_count(funnel.defects)]
    return Table(
        [Column("filtered out for"), Column("chains", right=True), Column("of them correct", right=True)], rows
    )


def dropped_table(funnel: Funnel) -> Table:
    """Why fit and correct paths were not kept."""
    return counts_table(("fit but not kept", "paths"), funnel.dropped)


def retries_table(funnel: Funnel) -> Table:
    """Which stages were asked twice."""
    return counts_table(("retried", "times"), funnel.retries)


def counts_table(headings: tuple[str, str], counts: Mapping[str, int]) -> Table:
    """Counts by name, the largest first."""
    rows = [(name, f"{count:,}") for name, count in _by_count(counts) if count]
    return Table([Column(headings[0]), Column(headings[1], right=True)], rows)


def _tally_table(what: str, tallies: Mapping[str, Tally]) -> Table:
    columns = [Column(what, shortest=20), *(Column(heading, right=True) for heading in _COUNTS)]
    rows = [
        [name, *(f"{getattr(tally, count):,}" for count in _COUNTS.values()), _share(tally.fit, tally.chains)]
        for name, tally in sorted(tallies.items())
    ]
    return Table([*columns, Column("fit %", right=True)], rows)


def _lost(count: int, why: str) -> str:
    return f"− {count:,} {why}" if count else ""


def _listed(counts: Mapping[str, int]) -> str:
    lost = [f"{count:,} {_DROPPED.get(name) or in_words(name)}" for name, count in _by_count(counts) if count]
    return f"− {', '.join(lost)}" if lost else ""


def _by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _share(part: int, whole: int) -> str:
    return f"{percent(Fraction(part, whole))} %" if whole else "–"
