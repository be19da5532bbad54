"""How a synthesis ended, in words for a person and as JSON.

print_ending(console, report, command)

Whatever was lost is said before what was won: what ran out, what was set aside, rows that were bad, questions that
overlap the evaluation, and, when nothing was kept, where the chains were lost.
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from regenesis.curation.curator import DEFECTS
from regenesis.report.figures import counted, duration, in_words, share
from regenesis.report.text import in_a_line, neutralise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.table import Table

    from regenesis.curation import Funnel
    from regenesis.runs import SynthesisReport

_WHY = {"surplus": "more than are kept a question", "near_duplicate": "much like a kept one"}
_WHY_BROKEN = {
    "selection_unread": "the model named no two guidelines by their numbers",
    "no_solution_part": "the model wrote its reply without the heading of its last part; try another prompt set",
    "no_solution": "these questions have no worked solution; name the column that holds one in the task's `fields`",
    "broken": "the model wrote nothing",
    "thought_truncated": "the limit cut the model inside its thought; `thinking: on` adds `thinking_tokens` to every "
    "limit, which can be raised, and `thinking: off` keeps a model with the switch from thinking",
    "thought_only": "the model thought and replied nothing; the server may take replies for thoughts: try it without "
    "its reasoning parser",
    "refused": "the server does not take the request; its words stand above",
    "filtered": "a content filter of the server withheld the reply",
}
"""Why a chain broke off: by its defect, or by what its defect begins with before the stage's name."""
_SELF_JUDGE = "`method.self_judge: off` believes the checker, `tie-break` asks the judge only where nothing can be read"
_NAMED = 3
"""Bad rows, owed and overlapping questions that are named; the rest is counted."""


def report_json(report: SynthesisReport) -> dict[str, Any]:
    """A report as plain JSON types."""
    return {
        "directory": str(report.directory),
        "model": report.model,
        "questions": report.questions,
        "finished": report.finished,
        "kept": report.kept,
        "stopped": report.stopped,
        "owed": report.owed,
        "refusals": {stage: {"count": one.count, "words": one.words} for stage, one in report.refusals.items()},
        "stalled": report.stalled,
        "bad_rows": [asdict(row) for row in report.bad_rows],
        "decontamination": report.decontamination.counts(),
        "requests_sent": report.requests_sent,
        "requests_recalled": report.requests_recalled,
        "damaged": report.damaged,
        "prompt_tokens": report.prompt_tokens,
        "completion_tokens": report.completion_tokens,
        "seconds": round(report.seconds, 1),
        "funnel": report.funnel.to_json(),
    }


def print_ending(console: Console, report: SynthesisReport, command: str) -> None:
    """Prints how a start of a run ended and what to do next; `command` starts it again."""
    from rich.text import Text

    _print_unfinished(console, report)
    total = report.funnel.total
    if report.kept:
        paths = f"{counted(report.kept, 'reasoning path')} kept"
        console.print(Text(f"{paths}, for {total.served:,} of {counted(report.questions, 'question')}.", "bold green"))
    else:
        nothing = "Nothing was kept." if report.complete else "Nothing is kept yet."
        console.print(Text(nothing, "bold red" if report.complete else "bold yellow"))
    if total.chains:
        console.print()
        console.print(funnel_table(report.funnel))
        if len(report.funnel.tasks) > 1:
            console.print()
            console.print(_tasks_table(report.funnel))
    console.print()
    for text in _remarks(report):
        console.print(text)
    console.print()
    for text in _next_steps(report, command):
        console.print(text, soft_wrap=True)


def _print_unfinished(console: Console, report: SynthesisReport) -> None:
    from rich.text import Text

    if report.stopped is not None:
        console.print(Text(f"Stopped: the budget of this start is spent ({report.stopped}).", "bold yellow"))
    if report.owed:
        owed = counted(len(report.owed), "question")
        console.print(Text(f"Set aside: {owed}, because the engine kept failing on them.", "bold yellow"))
        for question_id, reason in islice(report.owed.items(), _NAMED):
            console.print(f"  {in_a_line(question_id, 60)}: {in_a_line(reason, 300)}", soft_wrap=True)
        _print_rest(console, len(report.owed), "summary.json")
    if report.damaged:
        console.print(Text(said_of_damage(report.damaged), "bold yellow"))
    _print_refusals(console, report)
    if not report.complete:
        console.print(f"{report.finished:,} of {counted(report.questions, 'question')} are finished.")
    if report.bad_rows:
        console.print(Text(f"Skipped: {counted(len(report.bad_rows), 'bad row')}.", "bold yellow"))
        for row in report.bad_rows[:_NAMED]:
            console.print(f"  {neutralise(row.source)}, line {row.line}: {in_a_line(row.reason, 200)}", soft_wrap=True)
        _print_rest(console, len(report.bad_rows), "log.jsonl")
    _print_overlaps(console, report)


def said_of_damage(completions: int) -> str:
    """What is said of recorded completions that are no longer as they were written."""
    return f"Damaged in the ledger, and asked again: {counted(completions, 'completion')}. Check that disk."


def _print_refusals(console: Console, report: SynthesisReport) -> None:
    from rich.text import Text

    if report.refusals:
        refused = counted(sum(one.count for one in report.refusals.values()), "request")
        said = f"Refused by the engine: {refused}. They are asked again when the run is started again."
        console.print(Text(said, "bold yellow"))
        for stage, one in sorted(report.refusals.items()):
            console.print(f"  {stage}, {one.count:,}: {in_a_line(one.words, 300)}", soft_wrap=True)
    if report.stalled:
        grown = counted(report.stalled, "chat")
        said = f"The server may cut long prompts: it counted no more tokens in {grown} than before a further turn."
        console.print(Text(said, "bold yellow"))
        console.print("  Serve the model with a longer context (in Ollama, num_ctx).")


def _print_overlaps(console: Console, report: SynthesisReport) -> None:
    from rich.text import Text

    found = report.decontamination
    if not found.overlapping:
        return
    if found.left_out:
        said = f"Left out for overlapping the evaluation: {counted(len(found.left_out), 'question')}."
    else:
        said = f"Overlapping the evaluation, with their paths kept: {counted(len(found.overlapping), 'question')}."
    console.print(Text(said, "bold yellow"))
    for question_id, overlap in islice(found.overlapping.items(), _NAMED):
        ids = f"{in_a_line(question_id, 60)} and {in_a_line(overlap.evaluation, 60)}"
        console.print(f"  {ids}: {in_a_line(overlap.shared, 200)}", soft_wrap=True)
    _print_rest(console, len(found.overlapping), "decontamination.json")


def _print_rest(console: Console, count: int, file: str) -> None:
    if count > _NAMED:
        console.print(f"  … and {count - _NAMED:,} more; the run's {file} names them all.")


def funnel_table(funnel: Funnel) -> Table:
    """Chains → parsed → correct → fit → kept, each with its share of all chains and where the others went."""
    from rich.table import Table

    total = funnel.total
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column(style="dim")
    overruled = funnel.overruled.total()
    broken = _broken(funnel)
    unread = total.chains - total.parsed - sum(broken.values())
    rows = [
        ("chains", total.chains, ""),
        ("parsed", total.parsed, " ".join(filter(None, (_without(unread, "no answer could be read"), _named(broken))))),
        ("correct", total.correct, _not_right(total.parsed - total.correct - overruled, overruled)),
        ("fit", total.fit, _named(funnel.lost)),
        ("kept", total.kept, _named(funnel.dropped)),
    ]
    for name, count, lost in rows:
        table.add_row(name, f"{count:,}", share(count, total.chains), lost)
    return table


def _without(count: int, why: str) -> str:
    return f"− {count:,}: {why}" if count else ""


def _not_right(wrong: int, overruled: int) -> str:
    refused = _without(overruled, "right, but refused by the self-judge")
    return "; ".join(part for part in (_without(wrong, "the answer is another"), refused) if part)


def _named(counts: dict[str, int]) -> str:
    lost = [(name, count) for name, count in sorted(counts.items(), key=lambda item: -item[1]) if count]
    return "− " + ", ".join(f"{count:,} {_WHY.get(name) or in_words(name)}" for name, count in lost) if lost else ""


def _tasks_table(funnel: Funnel) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("task", "questions", "with a path", "chains", "correct", "kept"):
        table.add_column(heading, justify="left" if heading == "task" else "right", header_style="dim")
    for name, tally in sorted(funnel.tasks.items()):
        figures = (tally.questions, tally.served, tally.chains, tally.correct, tally.kept)
        table.add_row(Text(in_a_line(name, 40)), *(f"{figure:,}" for figure in figures))
    return table


def _remarks(report: SynthesisReport) -> Iterable[str]:
    funnel = report.funnel
    hinted = funnel.passes["hinted"].kept if "hinted" in funnel.passes else 0
    if report.kept:
        yield f"With the answer as a hint: {hinted:,} of {report.kept:,} kept paths ({share(hinted, report.kept)})."
    overruled = funnel.overruled.total()
    if report.kept and overruled * 10 >= funnel.total.correct:
        chains = counted(overruled, "chain")
        yield f"Refused by the self-judge though right by the checker: {chains}. {_SELF_JUDGE}."
    if funnel.failed:
        yield f"The checker itself failed on {counted(funnel.failed.total(), 'answer')}; they count as unread."
    sent = f"{counted(report.requests_sent, 'request')} in {duration(report.seconds)}"
    recalled = f", {report.requests_recalled:,} answered from the ledger" if report.requests_recalled else ""
    tokens = f"{report.completion_tokens:,} new tokens, {report.prompt_tokens:,} in prompts"
    yield f"This start: {sent}{recalled}; {tokens}."


def _next_steps(report: SynthesisReport, command: str) -> Iterable[str]:
    run = _quoted(report.directory)
    if not report.kept:
        yield from _what_to_look_at(report.funnel, run)
    else:
        yield f"Data set      {report.directory / 'dataset'}   (train.parquet, train.jsonl, README.md)"
        yield f"Read paths    regenesis show {run}"
    if not report.complete:
        yield f"Go on         {command}"


def _what_to_look_at(funnel: Funnel, run: str) -> Iterable[str]:
    """Where the chains of a run that kept nothing were lost, the largest loss first, and what helps."""
    total = funnel.total
    losses = [
        (
            total.chains - total.parsed - sum(_broken(funnel).values()),
            "had no answer that could be read",
            "the model does not give it in the form asked for; try a stronger model or another prompt set",
        ),
        (
            total.parsed - total.correct - funnel.overruled.total(),
            "had another answer than gold",
            "the questions are too hard for the model, or gold answers or their kind are wrong",
        ),
        *((count, f"broke off: {in_words(name)}", _why_broken(name)) for name, count in _broken(funnel).items()),
        (funnel.overruled.total(), "were right by the checker and refused by the model as its own judge", _SELF_JUDGE),
        *(
            (count, f"were right and unfit: {in_words(name)}", "the limits of `curation` in the config decide this")
            for name, count in funnel.lost.items()
        ),
    ]
    if not total.chains:
        return
    yield f"Where {counted(total.chains, 'chain')} were lost:"
    for count, what, advice in sorted(losses, key=lambda loss: -loss[0]):
        if count:
            yield f"  {count:,} ({share(count, total.chains)}) {what}: {advice}."
    yield f"Look at what the model wrote:  regenesis show {run}"


def _why_broken(name: str) -> str:
    whole = name
    while name and name not in _WHY_BROKEN:
        name = name.rpartition("_")[0]
    return _WHY_BROKEN.get(name, f"`regenesis show` lists these chains under {whole}")


def _broken(funnel: Funnel) -> dict[str, int]:
    """Chains that broke off before their path, by where they did: whatever is not a defect of a whole path."""
    return {name: count for name, count in funnel.defects.items() if name not in DEFECTS and count}


def _quoted(path: object) -> str:
    import shlex

    return shlex.quote(str(path))
