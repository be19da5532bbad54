"""What a run is estimated to ask, by stage and for the evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from regenesis.report.blocks import Block, Column, Note, Table, View
from regenesis.report.figures import counted, rounded
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from regenesis.methods import StageEstimate
    from regenesis.runs import Plan

_COLUMNS: list[tuple[str, Callable[[StageEstimate], float], Callable[[StageEstimate], float]]] = [
    ("calls", lambda stage: stage.most_calls, lambda stage: stage.expected_calls),
    ("prompt tokens", lambda stage: stage.most_prompt_tokens, lambda stage: stage.expected_prompt_tokens),
    ("new tokens", lambda stage: stage.most_new_tokens, lambda stage: stage.expected_new_tokens),
]
"""What is estimated of a stage: at most, and as expected."""


def plan_view(found: Plan) -> View:
    """The questions, then calls and tokens by stage, then what the figures assume."""
    questions = [Note(f"{counted(sum(found.questions.values()), 'question')} to ask.")]
    if found.left_out:
        left_out = counted(found.left_out, "more question")
        questions.append(Note(f"Dropped for overlapping the evaluation: {left_out}."))
    elif found.overlapping:
        questions.append(Note(f"Overlapping the evaluation but asked anyway: {found.overlapping:,} of these."))
    questions += [Note(warning, "warning") for warning in found.warnings]
    if not found.stages:
        kept = counted(round(found.expected_kept), "row")
        return [questions, [Note(f"The method asks the model nothing; {kept} expected.")], _evaluation(found)]
    return [questions, [stages_table(found)], [_chains(found)], _evaluation(found)]


def _chains(found: Plan) -> Note:
    """Chains and kept paths, beside what their expected numbers rest on."""
    measured = found.measured_yield
    if measured is None:
        share = f"assume that {found.chain_yield:.0%} of the chains give a path worth keeping"
        where = "set by --yield, or measured once runs/ or experiments/ hold a run of this model, method and tasks"
    else:
        share = f"go by {found.chain_yield:.0%} of the chains giving a path worth keeping"
        folders = ", ".join(in_a_line(folder, 60) for folder in measured.folders)
        where = f"measured on {measured.chains:,} chains in {folders}; --yield sets another"
    return Note(
        f"At most {found.most_chains:,} chains; {round(found.expected_chains):,} expected, and "
        f"{round(found.expected_kept):,} kept paths. The expected figures {share} ({where}), and lengths typical of "
        "a small model on grade-school math."
    )


def stages_table(found: Plan) -> Table:
    """Calls and tokens by stage, and in all."""
    columns, figures = [Column("stage")], []
    for group, most, expected in _COLUMNS:
        columns += [Column("at most", group, right=True), Column("expected", group, right=True)]
        figures += [most, expected]
    stages = found.stages.items()
    rows = [[name, *(rounded(figure(stage)) for figure in figures)] for name, stage in stages]
    totals = [rounded(sum(figure(stage) for _, stage in stages)) for figure in figures]
    return Table(columns, rows, totals=["all", *totals])


def _evaluation(found: Plan) -> list[Block]:
    if not found.measured:
        return []
    tasks = ", ".join(f"{in_a_line(name, 40)} {count:,}" for name, count in found.measured.items())
    calls = sum(found.measured.values()) * found.samples
    if found.samples > 1:
        tasks += f"; {found.samples} answers per question"
    return [
        Note(
            f"Evaluation: {counted(calls, 'call')} ({tasks}) for the base model, and as many "
            f"for the tuned model of each round; each with about {rounded(found.measured_prompt_tokens)} prompt tokens "
            f"and at most {rounded(found.measured_new_tokens)} new tokens."
        )
    ]
