"""A run's questions with what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from regenesis.report.blocks import Cell, Column, Facts, Note, Table, View
from regenesis.report.figures import counted
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from regenesis.methods import Outcome
    from regenesis.types import Question


def questions_view(
    rows: Sequence[tuple[Question, Outcome | None]],
    command: str,
    next_page: str = "",
    begun: Mapping[str, int] | None = None,
) -> View:
    """A page of questions; one without an outcome is not finished yet.

    Args:
        rows: The questions of the page.
        command: What shows a question's chains, with its id behind `--question`.
        next_page: What shows the next page, if there is one.
        begun: Completions recorded so far of questions that are not finished, by id.
    """
    if not rows:
        return [[Note("No questions to list.")]]
    columns = [
        Column("question"),
        *(Column(heading, right=True) for heading in ("chains", "correct", "kept")),
        Column("begins", fills=True),
    ]
    commands = [("Its chains", f"{command} --question ID"), *([("Next page", next_page)] if next_page else [])]
    return [[Table(columns, [_row(*row, begun or {}) for row in rows])], [Facts(commands, copied=True)]]


def _row(question: Question, outcome: Outcome | None, begun: Mapping[str, int]) -> list[str | Cell]:
    name = in_a_line(question.id, 100)
    if outcome is None:
        so_far = counted(begun[question.id], "completion") if question.id in begun else "nothing"
        unfinished = f"not finished yet, {so_far} so far: {in_a_line(question.text, 200)}"
        return [name, *[Cell("–", "quiet")] * 3, Cell(unfinished, "quiet")]
    correct = sum(one.verdict.correct for one in outcome.judged)
    kept = Cell(f"{len(outcome.kept):,}", "good" if outcome.kept else "plain")
    return [name, f"{len(outcome.judged):,}", f"{correct:,}", kept, in_a_line(question.text, 200)]
