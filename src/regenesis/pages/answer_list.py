"""Answers of an evaluation to look through: each question with what every model said, won, lost or neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from regenesis.evaluation.answers import AnsweredQuestion, RecordedAnswers
from regenesis.evaluation.result_tables import ResultRow
from regenesis.pages.samples import LONGEST, TONES, badge, evenly, filters, shown_text, summary_line
from regenesis.report.blocks import Note
from regenesis.report.figures import counted
from regenesis.report.html import Html, element, escaped, html_block

_MOST_CHARACTERS = 4_000_000
_MOST_QUESTIONS = 400
_RANKS = {"won": 0, "lost": 0}
"""What is shown before the rest."""


def answer_list(tasks: Sequence[RecordedAnswers]) -> list[Html]:
    """The list, with what is said of it; the base is the first of a task's models."""
    places = {f"{task.task}\n{one.id}": (task, one) for task in tasks for one in task.questions}
    if not places:
        return []
    outcomes = {name: _outcome(task, one) for name, (task, one) in places.items()}
    chosen = _chosen(places, outcomes)
    shown = [name for name in places if name in chosen]
    some = f"{len(shown):,} of {len(places):,} questions, those that changed first; the figures above are of all."
    said = some if len(shown) < len(places) else f"All {counted(len(places), 'question')}."
    by = {
        "task": ("task", [one.task for one in tasks]),
        "change": ("outcome", sorted({outcomes[name] for name in shown}, reverse=True)),
    }
    return [
        element("h3", Html("Answers of the evaluation")),
        html_block(Note(said, "quiet")),
        filters("answers", by),
        element("div", *(_entry(*places[name], outcomes[name]) for name in shown), class_="list", id="answers"),
    ]


def _outcome(task: RecordedAnswers, question: AnsweredQuestion) -> str:
    """What became of a question from the first of its models to the last."""
    answered = [model for model in task.models if model in question.answers]
    change = question.change(answered[0], answered[-1])
    if change in ("won", "lost"):
        return str(change)
    right = {row.correct for row in question.answers[answered[0]]}
    how = "partly right" if len(right) > 1 else "right" if True in right else "wrong"
    return how if len(answered) == 1 else f"both {how}"


def _chosen(places: Mapping[str, tuple[RecordedAnswers, AnsweredQuestion]], outcomes: Mapping[str, str]) -> set[str]:
    chosen: set[str] = set()
    room = _MOST_CHARACTERS
    for name in evenly({name: _RANKS.get(outcome, 1) for name, outcome in outcomes.items()}):
        _, question = places[name]
        room -= 1000 + sum(min(len(rows[0].response), LONGEST) for rows in question.answers.values())
        if room < 0 and chosen:
            break
        chosen.add(name)
        if len(chosen) == _MOST_QUESTIONS:
            break
    return chosen


def _entry(task: RecordedAnswers, question: AnsweredQuestion, outcome: str) -> Html:
    models = {name: question.answers[name] for name in task.models if name in question.answers}
    tone = {"won": "better", "lost": "worse"}.get(outcome, "")
    marks = [badge(f"{name} {_mark(rows)}") for name, rows in models.items()]
    line = element(
        "summary",
        summary_line(question.text or question.id),
        element("span", badge(outcome, tone), *marks, class_="badges"),
    )
    gold = "none" if question.gold is None else question.gold
    return element(
        "details",
        line,
        element("p", escaped(question.id), class_="quiet id"),
        *([shown_text(question.text)] if question.text else []),
        element("p", element("b", Html("gold ")), escaped(gold[:400]), class_="gold"),
        element("div", *chain.from_iterable(_answer(name, rows) for name, rows in models.items()), class_="chains"),
        data_task=task.task,
        data_change=outcome,
    )


def _mark(rows: Sequence[ResultRow]) -> str:
    if len(rows) == 1:
        return "✓" if rows[0].correct else "✗"
    return f"{sum(row.correct for row in rows)}/{len(rows)}"


def _answer(model: str, rows: Sequence[ResultRow]) -> Iterator[Html]:
    row = rows[0]
    of = f", answer 1 of {len(rows)}" if len(rows) > 1 else ""
    status = [badge(row.status, TONES[row.status])]
    if row.extracted is not None:
        status += [Html(" "), element("b", escaped(row.extracted[:200]))]
    if row.finish_reason == "length":
        status += [Html(" "), badge("truncated", "caution")]
    reason = f"{row.reason[:600]} ({row.completion_tokens:,} tokens)"
    yield element(
        "article",
        element("h4", escaped(f"{model}{of}")),
        shown_text(row.response),
        element("p", *status),
        element("p", escaped(reason), class_="quiet"),
    )
