"""The page of an experiment, or of a few runs side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from regenesis.evaluation.answers import RecordedAnswers, read_answers
from regenesis.evaluation.model_variants import BASE
from regenesis.experiments.analysis import Analysis, Yield, analyze, changes
from regenesis.experiments.comparing import Comparison, Figure, Group
from regenesis.experiments.results import FinishedRun
from regenesis.pages.answer_list import answer_list
from regenesis.pages.charts import Bar, Bars, Chart, Heat, Intervals, Span
from regenesis.pages.charts import Tile as HeatTile
from regenesis.pages.results import AVERAGES
from regenesis.pages.sections import Item, Page, Section, Tile
from regenesis.report.blocks import Facts, Note
from regenesis.report.figures import counted, rounded
from regenesis.report.html import Html, element, escaped
from regenesis.report.rounding import points, points_range
from regenesis.report.views.analysis import (
    changes_table,
    costs_table,
    diversity_table,
    failures_table,
    guidelines_table,
    hints_table,
    overlaps_table,
    reading_notes,
)
from regenesis.report.views.comparison import accuracy_table, averages_table, comparison_view


def comparison_page(comparison: Comparison, title: str, config: str = "") -> Page:
    """The page of a comparison.

    Args:
        comparison: The comparison.
        title: What to call it.
        config: What the experiment's file says, where there is one.

    Raises:
        RunError: Something that a run holds is damaged.
    """
    analysis = analyze(comparison, changes(comparison.runs))
    sections = [
        Section("results", "Did it work?", [*_results(comparison)]),
        Section("made", "What lies behind it?", [*_made(analysis)]),
        Section("cost", "What did it cost?", [*_costs(analysis)]),
        Section("samples", "What does it look like?", [*_samples(comparison)]),
        Section("again", "How to make it again", [*_again(comparison, config)]),
    ]
    methods = list(dict.fromkeys(run.label for run in comparison.runs))
    aside = f"{', '.join(methods)} · {counted(len(comparison.seeds), 'seed')}"
    if comparison.missing:
        aside += f" · {counted(len(comparison.missing), 'model')} not finished yet"
    return Page(title, aside, list(_tiles(comparison)), sections)


def _tiles(comparison: Comparison) -> Iterator[Tile]:
    group = comparison.groups[-1]
    average = list(group.averages)[-1]
    for label, figures in group.methods.items():
        found = figures.averages.get(average)
        if found is not None:
            one = found.versus_base
            said = f"points ({points_range(one.estimate.interval)}), {one.finding}"
            name = f"{label}, {_average(group, average)}"
            yield Tile(name, _signed(one.estimate.value), said, one.finding)


def _results(comparison: Comparison) -> Iterator[Item]:
    headline, *rest = comparison_view(comparison)
    yield from headline
    for group in comparison.groups:
        name = f"trained on {group.name}" if group.base_tasks else group.name
        spans = [
            _span(label, _average(group, average), figure)
            for label, figures in group.methods.items()
            for average, figure in figures.averages.items()
        ]
        reading = "percentage points with 95 % confidence intervals"
        average = next(iter(group.averages))
        yield Chart(
            f"Difference from the base model, {name}",
            Intervals("points", spans, True),
            averages_table(group, average),
            reading,
        )
        yield from _by_task(group, name)
    yield from (block for group in rest for block in group)


def _by_task(group: Group, name: str) -> Iterator[Chart]:
    spans = [
        _span(label, task, figure) for label, figures in group.methods.items() for task, figure in figures.tasks.items()
    ]
    if len({one.series for one in spans}) > 1:
        swapped = [Span(one.series, one.label, one.value, one.low, one.high, one.text, one.tone) for one in spans]
        yield Chart(f"By task, {name}", Intervals("points", swapped, True), accuracy_table(group))


def _average(group: Group, average: str) -> str:
    """What an average is called: the mean of one task is the task."""
    tasks = group.averages[average]
    return tasks[0] if len(tasks) == 1 else AVERAGES.get(average, average)


def _span(label: str, series: str, figure: Figure) -> Span:
    one = figure.versus_base
    value, interval = one.estimate.value, one.estimate.interval
    tone = one.finding if one.finding != "inconclusive" else ""
    text = f"{_signed(value)} ({points_range(interval)})"
    return Span(label, series, 100 * value, 100 * interval.low, 100 * interval.high, text, tone)


def _signed(value: float) -> str:
    # shares are means of fractions: what floating point adds to them is undone
    return points(Fraction(value).limit_denominator(10**9))


def _made(analysis: Analysis) -> Iterator[Item]:
    for method, train_on in dict.fromkeys((row.method, row.train_on) for row in analysis.guidelines):
        some = [row for row in analysis.guidelines if (row.method, row.train_on) == (method, train_on)]
        if len({row.part for row in some}) > 1:
            title = f"Yield by guideline and task, {method} on {train_on}"
            yield Chart(title, Heat(_heat(some)), guidelines_table(some), "fit chains in % of those begun")
    tables = {
        "Unhinted and hinted chains": hints_table(analysis.hints),
        "Diversity of the rows, and percentage points gained": diversity_table(analysis.diversity),
        "What training changed": changes_table(analysis.changes),
        "Where answers fail, in % of all answers": failures_table(analysis.failures),
        "What two methods solve": overlaps_table(analysis.overlaps),
    }
    for title, table in tables.items():
        if table.rows:
            yield from (Note(title, "strong"), table)
    yield from (Note(text, "quiet") for text in reading_notes())


def _heat(rows: Sequence[Yield]) -> list[HeatTile]:
    ordered = sorted(rows, key=lambda row: (-row.share, row.part))
    return [
        HeatTile(row.part, row.task, row.share, f"{row.fit:,} of {counted(row.chains, 'chain')}") for row in ordered
    ]


def _costs(analysis: Analysis) -> Iterator[Item]:
    bars = []
    for cost in {(one.method, one.train_on): one for one in analysis.costs}.values():
        label = f"{cost.method}, {cost.train_on}"
        for part, value in (("generated", cost.generated_tokens), ("trained on", cost.training_tokens)):
            bars.append(Bar(label, part, value, rounded(value)))
    yield Chart("Tokens by method, per model", Bars("tokens", bars), costs_table(analysis))


def _samples(comparison: Comparison) -> Iterator[Item]:
    runs = _one_a_method(comparison.runs)
    first = runs[0]
    yield Note(f"Answers of the base model and of {', '.join(f'{run.label} (seed {run.seed})' for run in runs)}.")
    yield from answer_list([_side_by_side(runs, task) for task in first.base])


def _side_by_side(runs: Sequence[FinishedRun], task: str) -> RecordedAnswers:
    """The answers of the base model and of each run's tuned one, on the questions of the first run."""
    measured = [(run, read_answers(run.directory, task)) for run in runs if task in run.tuned]
    tuned = {run.label: {one.id: one for one in found.questions} for run, found in measured}
    first, recorded = measured[0]
    names = {run.label: run.models[1] for run, _ in measured}
    questions = []
    for one in recorded.questions:
        answers = {BASE: one.answers.get(first.models[0], ())}
        for label, known in tuned.items():
            answers[label] = known[one.id].answers.get(names[label], ()) if one.id in known else ()
        questions.append(replace(one, answers={name: rows for name, rows in answers.items() if rows}))
    return RecordedAnswers(task, [BASE, *tuned], [one for one in questions if one.answers])


def _one_a_method(runs: Sequence[FinishedRun]) -> list[FinishedRun]:
    """The first run of each method on the first training set."""
    found: dict[str, FinishedRun] = {}
    for run in runs:
        if run.train_on == runs[0].train_on:
            found.setdefault(run.label, run)
    return list(found.values())


def _again(comparison: Comparison, config: str) -> Iterator[Item]:
    folders = [(f"{run.label}, {run.train_on}, seed {run.seed}", str(run.directory)) for run in comparison.runs]
    yield Facts(folders, copied=True)
    if config:
        yield element(
            "details", element("summary", Html("experiment.yaml")), element("pre", escaped(config), class_="config")
        )
