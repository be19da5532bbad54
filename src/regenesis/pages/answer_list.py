"""Answers of an evaluation to look through: each question with what every model said, won, lost or neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from regenesis.evaluation.result_tables import ResultRow
from regenesis.pages.samples import LONGEST, badge, evenly, filters, shown_text, summary_line
from regenesis.report.blocks import Note
from regenesis.report.figures import counted
from regenesis.report.html import Html, element, escaped, html_block

_MOST_CHARACTERS = 4_000_000
_MOST_QUESTIONS = 400
_TONES = {"correct": "better", "incorrect": "worse", "unparsed": "caution"}
_RANKS = {"won": 0, "lost": 0}
"""What is shown before the rest."""

Rows = Mapping[str, list[ResultRow]]
"""Answers by question."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers to the questions of one task.

    Attributes:
        task: The task.
        by_model: What each model answered, the base first.
    """

    task: str
    by_model: Mapping[str, Rows]

    @classmethod
    def of(cls, task: str, results: Mapping[str, Sequence[ResultRow]]) -> Answered:
        """Sorts each model's answers by question."""
        by_model: dict[str, dict[str, list[ResultRow]]] = {}
        for model, rows in results.items():
            known = by_model.setdefault(model, {})
            for row in rows:
                known.setdefault(row.question_id, []).append(row)
        return cls(task, by_model)

    def change(self, question: str) -> str:
        """What became of a question from the first model to the last."""
        shares = [_share(rows[question]) for rows in self.by_model.values() if question in rows]
        first, last = shares[0], shares[-1]
        if len(shares) == 1:
            return "right" if first == 1 else "wrong" if first == 0 else "partly right"
        if first == last:
            return "both right" if first == 1 else "both wrong" if first == 0 else "both partly right"
        return "won" if last > first else "lost"


def answer_list(tasks: Sequence[Answered], prompts: Callable[[Sequence[str]], Mapping[str, str]]) -> list[Html]:
    """The list, with what is said of it.

    Args:
        tasks: The answers by task.
        prompts: Gives what was asked, by the keys of the answers.
    """
    changes = {
        (one.task, question): one.change(question)
        for one in tasks
        for question in dict.fromkeys(chain.from_iterable(one.by_model.values()))
    }
    if not changes:
        return []
    chosen = _chosen(tasks, changes)
    shown = [
        (one, question)
        for one in tasks
        for name, question in changes
        if (name, question) in chosen and name == one.task
    ]
    asked = prompts([_first(one, question).ledger_key for one, question in shown])
    some = f"{len(shown):,} of {len(changes):,} questions, those that changed first; the figures above are of all."
    said = some if len(shown) < len(changes) else f"All {counted(len(changes), 'question')}."
    by = {
        "task": ("task", [one.task for one in tasks]),
        "change": ("outcome", sorted({changes[one.task, question] for one, question in shown}, reverse=True)),
    }
    entries = (_entry(one, question, changes[one.task, question], asked) for one, question in shown)
    return [
        element("h3", Html("Answers of the evaluation")),
        html_block(Note(said, "quiet")),
        filters("answers", by),
        element("div", *entries, class_="list", id="answers"),
    ]


def _chosen(tasks: Sequence[Answered], changes: Mapping[tuple[str, str], str]) -> set[tuple[str, str]]:
    by_task = {one.task: one for one in tasks}
    names = {f"{task}\n{question}": (task, question) for task, question in changes}
    chosen: set[tuple[str, str]] = set()
    room = _MOST_CHARACTERS
    for name in evenly({name: _RANKS.get(changes[place], 1) for name, place in names.items()}):
        task, question = names[name]
        rows = [known[question][0] for known in by_task[task].by_model.values() if question in known]
        room -= 1000 + sum(min(len(row.response), LONGEST) for row in rows)
        if room < 0 and chosen:
            break
        chosen.add((task, question))
        if len(chosen) == _MOST_QUESTIONS:
            break
    return chosen


def _share(rows: Sequence[ResultRow]) -> float:
    return sum(row.correct for row in rows) / len(rows)


def _first(answered: Answered, question: str) -> ResultRow:
    return next(rows[question][0] for rows in answered.by_model.values() if question in rows)


def _entry(answered: Answered, question: str, change: str, asked: Mapping[str, str]) -> Html:
    first = _first(answered, question)
    prompt = asked.get(first.ledger_key, "")
    tone = {"won": "better", "lost": "worse"}.get(change, "")
    models = {name: rows[question] for name, rows in answered.by_model.items() if question in rows}
    marks = [badge(f"{name} {_mark(rows)}") for name, rows in models.items()]
    line = element(
        "summary",
        summary_line(prompt or question),
        element("span", badge(change, tone), *marks, class_="badges"),
    )
    gold = "none" if first.gold is None else first.gold
    return element(
        "details",
        line,
        element("p", escaped(question), class_="quiet id"),
        *([shown_text(prompt)] if prompt else []),
        element("p", element("b", Html("gold ")), escaped(gold[:400]), class_="gold"),
        element("div", *chain.from_iterable(_answer(name, rows) for name, rows in models.items()), class_="chains"),
        data_task=answered.task,
        data_change=change,
    )


def _mark(rows: Sequence[ResultRow]) -> str:
    if len(rows) == 1:
        return "✓" if rows[0].correct else "✗"
    return f"{sum(row.correct for row in rows)}/{len(rows)}"


def _answer(model: str, rows: Sequence[ResultRow]) -> Iterator[Html]:
    row = rows[0]
    of = f", answer 1 of {len(rows)}" if len(rows) > 1 else ""
    status = [badge(row.status, _TONES[row.status])]
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
