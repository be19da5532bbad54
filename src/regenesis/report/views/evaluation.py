"""How an evaluation ended: a table per model, one per comparison, and notes on how to read them.

Caveats (unparsed answers, models evaluated under different conditions, open questions) come before the figures.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from regenesis.report.blocks import Block, Cell, Column, Facts, Note, Table, Tone, View
from regenesis.report.figures import counted
from regenesis.report.rounding import p_text, percent, points, points_range, share_range
from regenesis.report.text import in_a_line, neutralise
from regenesis.report.views.shared import (
    budget_note,
    damage_note,
    reused_nothing_note,
    traffic_note,
    with_examples,
)

if TYPE_CHECKING:
    from regenesis.evaluation import Average, Comparison, Evaluation, MeasuredModel, Versus
    from regenesis.evaluation.figures import Figure
    from regenesis.evaluation.record import EvaluationReport

_TASK = Column("task", shortest=18)
_GROUPS = {"all": "mean", "out-of-domain": "OOD"}
_TONES: dict[str, Tone] = {"better": "good", "worse": "bad"}


def evaluation_view(report: EvaluationReport, command: str) -> View:
    """How a session of an evaluation ended; `command` resumes it."""
    evaluation = report.evaluation
    view: list[Sequence[Block]] = [[*_unfinished(report), *_caveats(evaluation)]]
    for model in evaluation.models:
        view.append(_model_group(evaluation, model))
        view.append([measures_table(evaluation, model.name)] if evaluation.measures else [])
    for versus in evaluation.versus:
        view.append(_versus_group(evaluation, versus))
        view.append([measures_comparison_table(evaluation, versus)] if evaluation.measures else [])
    return [*view, [Note(text, "quiet") for text in reading_notes(evaluation)], list(_closing(report, command))]


def model_table(evaluation: Evaluation, model: str) -> Table:
    """What one model did on each task, and the means."""
    columns = [
        _TASK,
        Column("n", right=True),
        Column("correct %", right=True),
        Column("95 % CI"),
        Column("unparsed", right=True),
        Column("truncated", right=True),
        Column("tokens", right=True),
    ]
    rows: list[list[str | Cell]] = []
    for task in evaluation.tasks:
        tally = evaluation.tallies[model][task.name]
        if not tally.answered:
            rows.append([task.name, "0", "–"])
            continue
        whole = tally.answered == tally.questions
        count = f"{tally.answered:,}" if whole else f"{tally.answered:,}/{tally.questions:,}"
        rates = [percent(Fraction(number, tally.answers)) for number in (tally.unparsed, tally.truncated)]
        tokens = f"{tally.completion_tokens / tally.answers:,.0f}"
        rows.append([task.name, count, percent(tally.accuracy), share_range(tally.interval), *rates, tokens])
    for group, members in _means(evaluation):
        average = evaluation.average(model, members)
        if average is not None:
            rows.append([_mean(group, members), "", percent(average.value), share_range(average.interval)])
    return Table(columns, rows)


def measures_table(evaluation: Evaluation, model: str) -> Table:
    """What one model comes to with several answers per question, beside the mean over them."""
    rows: list[list[str | Cell]] = []
    for task in evaluation.tasks:
        tally = evaluation.tallies[model][task.name]
        figures = [
            tally.figure(measure) if measure in tally.measures else None for measure in evaluation.widest_measures
        ]
        rows.append([task.name, *map(_share, figures)])
    for group, members in _means(evaluation):
        averages = [evaluation.average(model, members, measure) for measure in evaluation.widest_measures]
        rows.append([_mean(group, members), *map(_share, averages)])
    return Table([_TASK, *map(Column, evaluation.widest_measures)], rows)


def _share(figure: Figure | Average | None) -> str:
    return "–" if figure is None else f"{percent(figure.value)} ({share_range(figure.interval)})"


def measures_comparison_table(evaluation: Evaluation, versus: Versus) -> Table:
    """How two models compare by pass@k and maj@k."""
    rows: list[list[str | Cell]] = []
    compared = {measure: {one.task: one for one in versus.measures[measure]} for measure in evaluation.widest_measures}
    for task in evaluation.tasks:
        if any(task.name in found for found in compared.values()):
            rows.append([task.name, *(_shift(found.get(task.name)) for found in compared.values())])
    for group, members in _means(evaluation):
        rows.append([_mean(group, members), *(_shift(versus.average(members, measure)) for measure in compared)])
    return Table([_TASK, *map(Column, compared)], rows)


def _shift(found: Comparison | Average | None) -> Cell:
    if found is None:
        return Cell("–")
    return _toned(f"{points(found.difference)} ({points_range(found.interval)})", found.finding)


def comparison_table(evaluation: Evaluation, versus: Versus) -> Table:
    """How two models compare on each task, and on the mean."""
    columns = [
        _TASK,
        Column("n", right=True),
        Column(in_a_line(versus.first, 7), right=True),
        Column(in_a_line(versus.second, 7), right=True),
        Column("diff.", right=True),
        Column("95 % CI"),
        Column(""),
    ]
    rows: list[list[str | Cell]] = []
    for one in versus.tasks:
        found = f"{one.finding}, p {p_text(one.p)}" if one.tells_apart else one.finding
        rows.append(
            [
                *(one.task, f"{one.questions:,}", percent(one.first), percent(one.second)),
                *(points(one.difference), points_range(one.interval), _toned(found, one.finding)),
            ]
        )
    for group, members in _means(evaluation):
        average = versus.average(members)
        if average is not None:
            figures = (points(average.value), points_range(average.interval))
            rows.append([_mean(group, members), "", "", "", *figures, _toned(average.finding, average.finding)])
    return Table(columns, rows)


def reading_notes(evaluation: Evaluation) -> Iterator[str]:
    """How to read the tables."""
    clustered = [task.name for task in evaluation.tasks if task.clustered]
    yield (
        "correct %: unparsed answers count as wrong. 95 % CI: questions treated as independent draws from their task"
        f"{', clustered by group' if clustered else ''}. tokens: mean new tokens per answer."
    )
    if clustered:
        named = ", ".join(in_a_line(name, 40) for name in clustered)
        yield f"{named}: questions that share a premise, passage, template or story are one cluster."
    if evaluation.samples > 1:
        yield (
            f"correct %: mean over {evaluation.samples} answers per question (pass@1). pass@k: one of k answers is "
            "right, unbiased. maj@k: the most frequent answer is right, ties by chance; programs cannot vote."
        )
    if evaluation.versus:
        test = "exact McNemar test, per task"
        if clustered or evaluation.samples > 1:
            test += "; Student's t over questions or groups where those have several answers"
        yield (
            "diff.: percentage points, on the questions both models answered; inconclusive if the interval contains 0. "
            f"p: {test}."
        )
    for versus in evaluation.versus:
        title = _title(versus)
        if len(versus.tasks) > 1:
            left = ", ".join(in_a_line(task, 40) for task in versus.significant)
            yield f"{title}, {len(versus.tasks)} tasks, Holm-corrected at 5 %: significant on {left or 'none'}."
        for one in versus.tasks:
            if one.unconfirmed:
                yield (
                    f"{title}, {in_a_line(one.task, 40)}: the interval excludes 0, but the exact test is not "
                    f"significant (p {p_text(one.p)}). Treat it as weak evidence."
                )


def unread_sentences(evaluation: Evaluation) -> list[str]:
    """What to look at where no answer of a model to a task could be parsed."""
    sentences = []
    for model, task in evaluation.unread:
        tally = evaluation.tallies[model][task]
        why = "the model does not follow the answer format: try another prompt or a stronger model"
        if tally.refused == tally.answers:
            why = "the engine refused every question; its message is above"
        elif 2 * tally.truncated > tally.answers:
            why = f"{tally.truncated:,} were truncated: raise evaluation.sampling.max_tokens"
        sentences.append(
            f"{in_a_line(model, 40)}, {in_a_line(task, 40)}: none of {tally.answers:,} answers could be parsed, so "
            f"its accuracy is meaningless. Probable cause: {why}."
        )
    return sentences


def _unfinished(report: EvaluationReport) -> Iterator[Note]:
    if report.stopped is not None:
        yield budget_note(report.stopped)
    if report.owed:
        owed = f"Set aside: {counted(len(report.owed), 'answer')}, because the engine kept failing on them."
        named = (f"{in_a_line(name, 60)}: {in_a_line(reason, 300)}" for name, reason in report.owed.items())
        yield with_examples(owed, named, len(report.owed), "evaluation/summary.json")
    if report.damaged:
        yield damage_note(report.damaged)
    for model, tasks in report.evaluation.results.items():
        for task, results in tasks.items():
            refused = [result.verdict.reason for result in results if result.verdict.rule == "refused"]
            if refused:
                yield Note(
                    f"{in_a_line(model, 40)}, {in_a_line(task, 40)}: {len(refused):,} of {len(results):,} answers "
                    f"count as wrong: {in_a_line(refused[0], 300)}",
                    "warning",
                )
    if not report.complete:
        yield Note("Not all questions are answered yet; all figures cover only those that are.", "warning")


def _caveats(evaluation: Evaluation) -> Iterator[Note]:
    for sentence in [*unread_sentences(evaluation), *evaluation.notes]:
        yield Note(sentence, "bad")
    for task, count in evaluation.trained_on.items():
        if count:
            known = f"{in_a_line(task, 40)}: {counted(count, 'question')} also in the training data"
            yield Note(f"{known}; its figures do not measure generalisation.", "bad")


def _model_group(evaluation: Evaluation, model: MeasuredModel) -> list[Block]:
    title = Note(in_a_line(model.name, 40), "strong", in_a_line(model.identity, 60))
    return [title, model_table(evaluation, model.name)]


def _versus_group(evaluation: Evaluation, versus: Versus) -> list[Block]:
    caveats = [Note(caveat, "bad" if versus.unlike else "caution") for caveat in versus.caveats]
    return [Note(_title(versus), "strong"), *caveats, comparison_table(evaluation, versus)]


def _closing(report: EvaluationReport, command: str) -> Iterator[Block]:
    yield traffic_note(
        sent=report.requests_sent,
        recalled=report.requests_recalled,
        seconds=report.seconds,
        new_tokens=report.completion_tokens,
        prompt_tokens=report.prompt_tokens,
    )
    if report.reused_nothing:
        yield reused_nothing_note()
    if report.exploratory is not None:
        kept = "These results are kept separately; summary and model card are unchanged."
        yield Note(f"Exploratory: {neutralise(report.exploratory)}. {kept}", "caution")
    steps = [("Answers", f"{report.folder}   (<model>/<task>.parquet, summary.json)")]
    if not report.complete:
        steps.append(("Resume", command))
    elif report.exploratory is None:
        run, task = str(report.directory), report.evaluation.tasks[0].name
        flips = ["--flips", "lost"] if report.evaluation.versus else []
        steps.append(("Read them", shlex.join(["regenesis", "show", run, "--evaluation", task, *flips])))
    yield Facts(steps, copied=True)


def _title(versus: Versus) -> str:
    return f"{in_a_line(versus.second, 30)} vs {in_a_line(versus.first, 30)}"


def _means(evaluation: Evaluation) -> Iterator[tuple[str, list[str]]]:
    """Groups of tasks with a mean to show: a single task is its own."""
    for group, members in evaluation.groups().items():
        if group != "all" or len(members) > 1:
            yield group, members


def _toned(text: str, finding: str) -> Cell:
    return Cell(text, _TONES.get(finding, "plain"))


def _mean(group: str, members: list[str]) -> Cell:
    return Cell(f"{_GROUPS.get(group, group)} ({len(members)})", "strong")
