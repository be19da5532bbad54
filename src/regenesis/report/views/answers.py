"""The answers of an evaluation to one task: how often the models agree, then a row per question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from regenesis.report.blocks import Block, Cell, Column, Facts, Note, Table, Tone, View
from regenesis.report.figures import counted
from regenesis.report.text import in_a_line

if TYPE_CHECKING:
    from regenesis.evaluation.answers import AnsweredQuestion, RecordedAnswers
    from regenesis.evaluation.result_tables import ResultRow

_TONES: dict[str, Tone] = {"won": "good", "lost": "bad", "correct": "good", "incorrect": "bad", "unparsed": "caution"}
_MARKS = {"correct": "✓", "incorrect": "✗", "unparsed": "?"}


def answers_view(
    recorded: RecordedAnswers,
    rows: Sequence[AnsweredQuestion],
    models: Sequence[str],
    command: str,
    next_page: str = "",
) -> View:
    """A page of questions with what each model answered.

    Args:
        recorded: All answers to the task.
        rows: The questions of the page.
        models: The models shown; the last one is compared with the first.
        command: What shows the answers to a question in full, with its id behind `--question`.
        next_page: What shows the next page, if there is one.
    """
    heading: list[Block] = [Note(agreement(recorded, models))]
    if recorded.exploratory:
        heading.append(Note("Of an exploratory evaluation: these are not the run's own results.", "caution"))
    if not rows:
        return [heading, [Note("No answers to list.")]]
    compares = len(models) > 1
    columns = [
        Column("question"),
        *(Column(in_a_line(model, 12), shortest=12) for model in models),
        Column("gold", shortest=10),
        *([Column("")] if compares else []),
        Column("begins", fills=True),
    ]
    table = Table(columns, [_row(one, models, compares=compares) for one in rows])
    commands = [("In full", f"{command} --question ID"), *([("Next page", next_page)] if next_page else [])]
    reading: list[Block] = [Note("✓ right, ✗ wrong, ? no answer could be read", "quiet")]
    return [heading, [table], [*reading, Facts(commands, copied=True)]]


def agreement(recorded: RecordedAnswers, models: Sequence[str]) -> str:
    """How the last of some models compares with the first, in a sentence."""
    task = in_a_line(recorded.task, 40)
    first, second = models[0], models[-1]
    if first == second:
        right = sum(one.share(first) == 1 for one in recorded.questions)
        return f"{in_a_line(first, 30)} on {task}: {right:,} of {counted(len(recorded.questions), 'question')} right."
    changes = [(one.change(first, second), one.share(second)) for one in recorded.questions]
    counts = Counter(change for change, _ in changes if change is not None)
    right = sum(change == "same" and share == 1 for change, share in changes)
    wrong = sum(change == "same" and share == 0 for change, share in changes)
    parts = [f"{counts['won']:,} won", f"{counts['lost']:,} lost", f"{right:,} both right", f"{wrong:,} both wrong"]
    if counts["same"] > right + wrong:
        parts.append(f"{counts['same'] - right - wrong:,} both partly right")
    questions = counted(counts.total(), "question")
    return f"{in_a_line(second, 30)} vs {in_a_line(first, 30)} on {task}, {questions}: {', '.join(parts)}."


def _row(one: AnsweredQuestion, models: Sequence[str], *, compares: bool) -> list[str | Cell]:
    change = one.change(models[0], models[-1]) if compares else None
    changed = Cell(change, _TONES[change]) if change in ("won", "lost") else Cell("")
    return [
        in_a_line(one.id, 100),
        *(_answer(one.answers.get(model, ())) for model in models),
        "–" if one.gold is None else in_a_line(one.gold, 24),
        *([changed] if compares else []),
        in_a_line(one.text, 200),
    ]


def _answer(rows: Sequence[ResultRow]) -> Cell:
    """What a model answered; of several answers, how many are right."""
    if not rows:
        return Cell("–", "quiet")
    if len(rows) > 1:
        right = sum(row.correct for row in rows)
        return Cell(f"{right:,} of {len(rows):,}", "good" if right == len(rows) else "plain" if right else "bad")
    [row] = rows
    said = "" if row.extracted is None else f" {in_a_line(row.extracted, 24)}"
    return Cell(f"{_MARKS[row.status]}{said}", _TONES[row.status])
