"""How an evaluation ended: a table of each model, one of each comparison, and what must be known to read them.

print_evaluation(console, report, command)

What speaks against a figure (unread answers, models not measured alike, questions still open) is said before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

from regenesis.cli.ending import said_of_damage
from regenesis.report.figures import counted, duration
from regenesis.report.text import in_a_line, neutralise

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from regenesis.evaluation import Evaluation, Versus
    from regenesis.evaluation.record import EvaluationReport

_NAME = 18
"""Characters of a task's name: with all figures beside it a row has 80 columns."""
_SHORT = 13
_NAMED = 3
_GROUPS = {"all": "mean", "out-of-domain": "OOD"}
_LEVEL = Fraction(1, 20)
_STYLES = {"better": "bold green", "worse": "bold red", "no difference seen": ""}


def print_evaluation(console: Console, report: EvaluationReport, command: str) -> None:
    """Prints how an evaluation ended and what to do next; `command` starts it again."""
    from rich.text import Text

    evaluation = report.evaluation
    _print_unfinished(console, report)
    _print_unread(console, evaluation)
    for model in evaluation.models:
        console.print()
        console.print(Text.assemble((in_a_line(model.name, 40), "bold"), "  ", (in_a_line(model.identity, 60), "dim")))
        console.print(_model_table(evaluation, model.name))
    for versus in evaluation.versus:
        console.print()
        console.print(Text(f"{in_a_line(versus.second, 30)} against {in_a_line(versus.first, 30)}", "bold"))
        for caveat in versus.caveats:
            console.print(Text(neutralise(caveat), "bold red" if versus.unlike else "yellow"))
        console.print(_versus_table(evaluation, versus))
    console.print()
    for text in _notes(evaluation):
        console.print(Text(text, "dim"))
    console.print()
    sent = f"{counted(report.requests_sent, 'request')} in {duration(report.seconds)}"
    recalled = f", {report.requests_recalled:,} answered from the ledger" if report.requests_recalled else ""
    tokens = f"{report.completion_tokens:,} new tokens, {report.prompt_tokens:,} in prompts"
    console.print(f"This start: {sent}{recalled}; {tokens}.")
    if report.exploratory is not None:
        told = f"Exploratory: {neutralise(report.exploratory)}. These results stand apart; summary and card stay."
        console.print(Text(told, "yellow"))
    console.print(
        f"Answers       {neutralise(str(report.folder))}   (<model>/<task>.parquet, summary.json)", soft_wrap=True
    )
    if not report.complete:
        console.print(f"Go on         {command}", soft_wrap=True)


def _print_unfinished(console: Console, report: EvaluationReport) -> None:
    from rich.text import Text

    if report.stopped is not None:
        console.print(Text(f"Stopped: the budget of this start is spent ({report.stopped}).", "bold yellow"))
    if report.owed:
        owed = counted(len(report.owed), "answer")
        console.print(Text(f"Set aside: {owed}, because the engine kept failing on them.", "bold yellow"))
        for question, reason in islice(report.owed.items(), _NAMED):
            console.print(f"  {in_a_line(question, 60)}: {in_a_line(reason, 300)}", soft_wrap=True)
        if len(report.owed) > _NAMED:
            console.print(f"  … and {len(report.owed) - _NAMED:,} more; evaluation/summary.json names them all.")
    if report.damaged:
        console.print(Text(said_of_damage(report.damaged), "bold yellow"))
    for sentence in refusal_sentences(report.evaluation):
        console.print(Text(sentence, "bold yellow"), soft_wrap=True)
    if not report.complete:
        console.print(Text("Not all questions are answered yet: all figures are of those that are.", "bold yellow"))


def _print_unread(console: Console, evaluation: Evaluation) -> None:
    from rich.text import Text

    for sentence in [*unread_sentences(evaluation), *map(neutralise, evaluation.notes)]:
        console.print(Text(sentence, "bold red"))
    for task, count in evaluation.trained_on.items():
        if count:
            known = counted(count, "question")
            told = f"{in_a_line(task, 40)}: {known} of it in the training data, so its figures say little of new ones."
            console.print(Text(told, "bold red"))


def refusal_sentences(evaluation: Evaluation) -> list[str]:
    """What the engine said to the questions that it refused, for each model and task with such questions."""
    sentences = []
    for model, tasks in evaluation.results.items():
        for task, results in tasks.items():
            refused = [result.verdict.reason for result in results if result.verdict.rule == "refused"]
            if refused:
                sentences.append(
                    f"{in_a_line(model, 40)}, {in_a_line(task, 40)}: {len(refused):,} of {len(results):,} questions "
                    f"count as wrong: {in_a_line(refused[0], 300)}"
                )
    return sentences


def unread_sentences(evaluation: Evaluation) -> list[str]:
    """What to look at where no answer of a model to a task could be read."""
    sentences = []
    for model, task in evaluation.unread:
        tally = evaluation.tallies[model][task]
        why = "the model does not give them in the form asked for: try another prompt set, or a stronger model"
        if tally.refused == tally.answered:
            why = "the engine refused every question; its words stand above"
        elif 2 * tally.truncated > tally.answered:
            why = f"{tally.truncated:,} were cut off: raise evaluation.sampling.max_tokens"
        sentences.append(
            f"{in_a_line(model, 40)}, {in_a_line(task, 40)}: none of {tally.answered:,} answers could be read, so its "
            f"figure says nothing. Probably {why}."
        )
    return sentences


def _model_table(evaluation: Evaluation, model: str) -> Table:
    from regenesis.report.rounding import percent, share_range

    table = _table(
        ("task", "left"),
        ("n", "right"),
        ("right %", "right"),
        ("95 %", "left"),
        ("unparsed", "right"),
        ("cut off", "right"),
        ("tokens", "right"),
    )
    for task in evaluation.tasks:
        tally = evaluation.tallies[model][task.name]
        if not tally.answered:
            table.add_row(_name(task.name), "0", "–", "", "", "", "")
            continue
        count = (
            f"{tally.answered:,}" if tally.answered == tally.questions else f"{tally.answered:,}/{tally.questions:,}"
        )
        rates = [percent(Fraction(number, tally.answered)) for number in (tally.unparsed, tally.truncated)]
        mean = f"{tally.completion_tokens / tally.answered:,.0f}"
        table.add_row(_name(task.name), count, percent(tally.accuracy), share_range(tally.interval), *rates, mean)
    for group, members in evaluation.groups().items():
        average = evaluation.average(model, members)
        if average is not None and (group != "all" or len(members) > 1):
            table.add_row(_average(group, len(members)), "", percent(average.value), share_range(average.interval))
    return table


def _versus_table(evaluation: Evaluation, versus: Versus) -> Table:
    from regenesis.report.rounding import p_text, percent, points, points_range

    names = [in_a_line(name, 7) for name in (versus.first, versus.second)]
    # rows of long names get their 80 columns from the gaps
    gap = 2 if max((len(one.task) for one in versus.tasks), default=0) <= _SHORT else 1
    table = _table(
        ("task", "left"),
        ("n", "right"),
        (names[0], "right"),
        (names[1], "right"),
        ("diff.", "right"),
        ("95 %", "left"),
        ("", "left"),
        gap=gap,
    )
    for one in versus.tasks:
        total = one.paired.questions
        rights = [one.paired.both + one.paired.first, one.paired.both + one.paired.second]
        finding = one.finding if one.finding == "no difference seen" else f"{one.finding}, p {p_text(one.p)}"
        table.add_row(
            _name(one.task),
            f"{total:,}",
            *(percent(Fraction(right, total)) for right in rights),
            points(one.difference),
            points_range(one.interval),
            _styled(finding, one.finding),
        )
    for group, members in evaluation.groups().items():
        average = versus.average(members)
        if average is not None and (group != "all" or len(members) > 1):
            table.add_row(
                _average(group, len(members)),
                *("", "", ""),
                points(average.value),
                points_range(average.interval),
                _styled(average.finding, average.finding),
            )
    return table


def _table(*columns: tuple[str, str], gap: int = 2) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, gap, 0, 0), header_style="dim")
    for heading, side in columns:
        table.add_column(heading, justify="left" if side == "left" else "right", no_wrap=True)
    return table


def _name(task: str) -> Text:
    from rich.text import Text

    return Text(in_a_line(task, _NAME))


def _average(group: str, tasks: int) -> Text:
    from rich.text import Text

    return Text(f"{_GROUPS.get(group, group)} ({tasks})", "bold")


def _styled(text: str, finding: str) -> Text:
    from rich.text import Text

    return Text(text, _STYLES[finding])


def _notes(evaluation: Evaluation) -> Iterator[str]:
    """What must be known to read the tables."""
    yield (
        "right %: an answer that cannot be read counts as wrong. 95 %: confidence interval, questions taken as "
        "independent draws from their task. tokens: new ones an answer."
    )
    if not evaluation.versus:
        return
    yield (
        "diff.: percentage points on the questions that both answered; where its interval holds 0, no difference was "
        "seen. p: exact McNemar test, each task by itself."
    )
    for versus in evaluation.versus:
        yield from _notes_on(versus)


def _notes_on(versus: Versus) -> Iterator[str]:
    from regenesis.report.rounding import p_text

    title = f"{in_a_line(versus.second, 30)} against {in_a_line(versus.first, 30)}"
    if len(versus.tasks) > 1:
        left = [in_a_line(one.task, 40) for one in versus.tasks if one.p_adjusted < _LEVEL]
        yield (
            f"{title}, {len(versus.tasks)} tasks looked at together (Holm's procedure, 5 %): a difference remains on "
            f"{', '.join(left) or 'none'}."
        )
    for one in versus.tasks:
        if one.finding != "no difference seen" and one.p >= _LEVEL:
            yield (
                f"{title}, {in_a_line(one.task, 40)}: the interval leaves out 0, but the exact test alone would not "
                f"tell them apart (p {p_text(one.p)}). Take it as a hint."
            )
