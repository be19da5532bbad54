"""The questions of a run to look through, each with its chains side by side, from guideline to verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from regenesis.methods import Outcome
from regenesis.pages.samples import TONES, badge, evenly, filters, shown_text, summary_line
from regenesis.report.blocks import Note
from regenesis.report.figures import counted, in_words
from regenesis.report.html import Html, element, escaped, html_block
from regenesis.store.directory import RunDirectory
from regenesis.store.outcomes import OutcomeStore
from regenesis.store.tables import read_questions, read_tasks
from regenesis.types import GradedPath, Question

_MOST_CHARACTERS = 7_000_000
_MOST_QUESTIONS = 300
_MOST_CHAINS = 12
"""Chains of one question."""
_STATES = ("kept", "correct, none kept", "none correct", "not finished")


@dataclass(frozen=True, slots=True)
class Words:
    """What a method calls its parts.

    Attributes:
        stages: Its stages, by name.
        guidelines: The texts of its guidelines, by id.
    """

    stages: Mapping[str, str] = field(default_factory=dict)
    guidelines: Mapping[str, str] = field(default_factory=dict)


def chain_list(directory: RunDirectory, words: Words) -> list[Html]:
    """The list, with what is said of it.

    Raises:
        RunError: Questions or outcomes are damaged.
    """
    if not directory.questions.exists():
        return []
    tasks = read_tasks(directory.questions)
    chosen = _chosen(directory, list(tasks))
    shown = [chosen[name] for name in tasks if name in chosen]  # in the run's order
    if not shown:
        return []
    some = f"{len(shown):,} of {len(tasks):,} questions, drawn evenly; the figures above are of all."
    said = some if len(shown) < len(tasks) else f"All {counted(len(tasks), 'question')}."
    guidelines = sorted({one.path.guideline for _, outcome in shown for one in (outcome.judged if outcome else ())})
    states = [state for state in _STATES if any(_state(outcome) == state for _, outcome in shown)]
    by = {
        "task": ("task", sorted({question.task for question, _ in shown})),
        "state": ("outcome", states),
        "guideline": ("guideline", [name for name in guidelines if name]),
    }
    entries = (_entry(question, outcome, words) for question, outcome in shown)
    return [
        element("h3", Html("Chains")),
        html_block(Note(said, "quiet")),
        filters("chains", by),
        element("div", *entries, class_="list", id="chains"),
    ]


def _chosen(directory: RunDirectory, names: Sequence[str]) -> dict[str, tuple[Question, Outcome | None]]:
    """As many questions as fit, finished ones first, by their ids."""
    store = OutcomeStore.latest(directory.outcomes)
    try:
        finished = store.finished()
        first = evenly({name: 0 if name in finished else 1 for name in names})[:_MOST_QUESTIONS]
        questions = {one.id: one for one in read_questions(directory.questions, set(first))}
        chosen: dict[str, tuple[Question, Outcome | None]] = {}
        room = _MOST_CHARACTERS
        for question in (questions[name] for name in first):
            outcome = store.get(question) if question.id in finished else None
            room -= len(question.text) + (_size(outcome) if outcome is not None else 0)
            if room < 0 and chosen:
                break
            chosen[question.id] = question, outcome
        return chosen
    finally:
        store.close()


def _size(outcome: Outcome) -> int:
    return sum(len(text) + 200 for one in outcome.judged[:_MOST_CHAINS] for _, _, text in one.path.steps)


def _state(outcome: Outcome | None) -> str:
    if outcome is None:
        return "not finished"
    if outcome.kept:
        return "kept"
    return "correct, none kept" if any(one.verdict.correct for one in outcome.judged) else "none correct"


def _entry(question: Question, outcome: Outcome | None, words: Words) -> Html:
    state = _state(outcome)
    judged = outcome.judged if outcome is not None else ()
    badges = [badge("not finished", "quiet")]
    if outcome is not None:
        correct = sum(one.verdict.correct for one in judged)
        badges = [badge(f"{len(outcome.kept):,} kept", "better" if outcome.kept else "")]
        badges += [badge(f"{correct:,} of {len(judged):,} correct")]
    line = element("summary", summary_line(question.text), element("span", *badges, class_="badges"))
    gold = "none" if question.gold is None else question.gold
    kept = {id(one) for one in outcome.kept} if outcome is not None else set()
    cards = (_chain(number, one, id(one) in kept, words) for number, one in enumerate(judged[:_MOST_CHAINS], start=1))
    more = len(judged) - _MOST_CHAINS
    said = [html_block(Note(f"The first {_MOST_CHAINS} of {len(judged):,} chains.", "quiet"))] if more > 0 else []
    return element(
        "details",
        line,
        element("p", escaped(question.id), class_="quiet id"),
        shown_text(question.text),
        element("p", element("b", Html("gold ")), escaped(gold), class_="gold"),
        *said,
        element("div", *cards, class_="chains"),
        data_task=question.task,
        data_state=state,
        data_guideline="\n".join(dict.fromkeys(one.path.guideline for one in judged)),
    )


def _chain(number: int, judged: GradedPath, kept: bool, words: Words) -> Html:
    path, verdict = judged.path, judged.verdict
    names = [badge("kept", "better")] if kept else []
    names += [badge("hinted", "caution")] if path.hinted else []
    heading = element("h4", escaped(f"{number}. {path.guideline or 'no guideline'}"), *names)
    status = [badge(verdict.status, TONES[verdict.status])]
    if verdict.extracted is not None:
        status += [Html(" "), element("b", escaped(verdict.extracted[:200]))]
    if judged.defect is not None:
        status += [Html(" "), badge(in_words(judged.defect), "caution")]
    reason = element("p", escaped(f"{verdict.reason[:600]} (rule {verdict.rule})"), class_="quiet")
    return element("article", heading, *_steps(judged, words), element("p", *status), reason)


def _steps(judged: GradedPath, words: Words) -> Iterator[Html]:
    path = judged.path
    for name in path.guideline.split("+"):
        if name in words.guidelines:
            yield element("h5", Html("guideline"))
            yield shown_text(words.guidelines[name])
    for stage, _, text in path.steps:
        again = ", retried" if stage in path.retries else ""
        yield element("h5", escaped(f"{words.stages.get(stage, stage)}{again}"))
        yield shown_text(text)
