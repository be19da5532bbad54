"""How a synthesis ended.

Losses are reported before gains: exhausted budgets, questions set aside, bad rows, questions that overlap the
evaluation and, if nothing was kept, where the chains were lost.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from regenesis.report.blocks import Block, Facts, Note, View
from regenesis.report.figures import counted, in_words, share
from regenesis.report.text import in_a_line, neutralise
from regenesis.report.views.funnel import funnel_table, tasks_table
from regenesis.report.views.shared import (
    budget_note,
    damage_note,
    reused_nothing_note,
    traffic_note,
    with_examples,
)

if TYPE_CHECKING:
    from regenesis.curation import Funnel
    from regenesis.synthesis.report import SynthesisReport
    from regenesis.types import GradedPath, Question

_WHY_EARLY = {
    "selection_unread": "the model did not name two guidelines by number",
    "no_solution_part": "the reply lacks the heading of its last part; try another prompt set",
    "no_solution": "these questions have no worked solution; name the column that holds one in the task's `fields`",
    "broken": "the model returned an empty reply",
    "thought_truncated": "the token limit was reached inside the thinking; with `thinking: on`, raise "
    "`thinking_tokens`, which is added to every limit; `thinking: off` disables thinking where the template has a "
    "switch",
    "thought_only": "the model returned thinking but no reply; the server may mistake replies for thinking: try it "
    "without its reasoning parser",
    "refused": "the server rejected the request; its message is above",
    "filtered": "the server's content filter withheld the reply",
}
"""What helps where chains ended early: by the defect, or by what it begins with before the stage's name."""
_SELF_JUDGE = "`method.self_judge: off` trusts the checker, `tie-break` asks the judge only about unparsed answers"


def synthesis_view(report: SynthesisReport, command: str) -> View:
    """How a session of a synthesis ended and what to do next; `command` resumes it."""
    funnel = report.funnel
    tables = [[funnel_table(funnel)], [tasks_table(funnel)] if len(funnel.tasks) > 1 else []]
    return [
        [*_unfinished(report), _headline(report)],
        *(tables if funnel.total.chains else []),
        list(_remarks(report)),
        list(_next_steps(report, command)),
    ]


def first_path_view(question: Question, judged: GradedPath) -> View:
    """A path that is right and fit, in full, under its question."""
    gold = "without a gold answer" if question.gold is None else f"gold answer {in_a_line(question.gold, 60)}"
    heading = f"First right path, for {in_a_line(question.id, 80)} ({gold}):"
    return [
        [Note(heading, "strong", details=question.text.strip().splitlines())],
        [Note("reasoning path", "quiet", details=judged.training_text.strip().splitlines())],
    ]


def _headline(report: SynthesisReport) -> Note:
    if report.kept:
        paths = f"{counted(report.kept, 'reasoning path')} kept"
        return Note(f"{paths}, for {report.funnel.total.served:,} of {counted(report.questions, 'question')}.", "good")
    return Note("No paths were kept.", "bad") if report.complete else Note("No paths kept yet.", "warning")


def _unfinished(report: SynthesisReport) -> Iterator[Note]:
    if report.stopped is not None:
        yield budget_note(report.stopped)
    if report.owed:
        owed = f"Set aside: {counted(len(report.owed), 'question')}, because the engine kept failing on them."
        named = (f"{in_a_line(name, 60)}: {in_a_line(reason, 300)}" for name, reason in report.owed.items())
        yield with_examples(owed, named, len(report.owed), "summary.json in the run folder")
    if report.damaged:
        yield damage_note(report.damaged)
    yield from _refusals(report)
    if not report.complete:
        yield Note(f"{report.finished:,} of {counted(report.questions, 'question')} finished.")
    if report.bad_rows:
        rows = (f"{neutralise(row.source)}, line {row.line}: {in_a_line(row.reason, 200)}" for row in report.bad_rows)
        skipped = f"Skipped: {counted(len(report.bad_rows), 'bad row')}."
        yield with_examples(skipped, rows, len(report.bad_rows), "log.jsonl in the run folder")
    yield from _overlaps(report)


def _refusals(report: SynthesisReport) -> Iterator[Note]:
    if report.refusals:
        refused = counted(sum(one.count for one in report.refusals.values()), "request")
        yield Note(
            f"Refused by the engine: {refused}. They are retried when the run is resumed.",
            "warning",
            details=[
                f"{stage}, {one.count:,}: {in_a_line(one.words, 300)}" for stage, one in sorted(report.refusals.items())
            ],
        )
    if report.stalled:
        grown = counted(report.stalled, "chat")
        yield Note(
            f"The server may truncate long prompts: it reported no more prompt tokens for {grown} after another turn.",
            "warning",
            details=["Serve the model with a longer context (in Ollama, num_ctx)."],
        )


def _overlaps(report: SynthesisReport) -> Iterator[Note]:
    found = report.decontamination
    if found.overlapping:
        if found.left_out:
            said = f"Dropped for overlapping the evaluation: {counted(len(found.left_out), 'question')}."
        else:
            said = f"Overlapping the evaluation, paths kept anyway: {counted(len(found.overlapping), 'question')}."
        named = (
            f"{in_a_line(name, 60)} and {in_a_line(overlap.evaluation, 60)}: {in_a_line(overlap.shared, 200)}"
            for name, overlap in found.overlapping.items()
        )
        yield with_examples(said, named, len(found.overlapping), "decontamination.json in the run folder")


def _remarks(report: SynthesisReport) -> Iterator[Note]:
    funnel = report.funnel
    if report.kept and "hinted" in funnel.passes:
        hinted = funnel.passes["hinted"].kept
        yield Note(f"From the hint pass: {hinted:,} of {report.kept:,} kept paths ({share(hinted, report.kept)}).")
    overruled = funnel.overruled.total()
    if report.kept and overruled * 10 >= funnel.total.correct:
        chains = counted(overruled, "chain")
        yield Note(f"Correct by the checker but rejected by the self-judge: {chains}. {_SELF_JUDGE}.")
    if funnel.failed:
        yield Note(f"Unparsed because the checker failed: {counted(funnel.failed.total(), 'answer')}.")
    yield traffic_note(
        sent=report.requests_sent,
        recalled=report.requests_recalled,
        seconds=report.seconds,
        new_tokens=report.completion_tokens,
        prompt_tokens=report.prompt_tokens,
    )
    if report.reused_nothing:
        yield reused_nothing_note()


def _next_steps(report: SynthesisReport, command: str) -> Iterator[Block]:
    run = shlex.quote(str(report.directory))
    steps: list[tuple[str, str]] = []
    if report.kept:
        files = "(train.parquet, train.jsonl, README.md)"
        steps += [("Dataset", f"{report.directory / 'dataset'}   {files}"), ("Read paths", f"regenesis show {run}")]
    elif report.funnel.total.chains:
        yield _losses(report.funnel)
        steps.append(("Read chains", f"regenesis show {run}"))
    if not report.complete:
        steps.append(("Resume", command))
    yield Facts(steps, copied=True)


def _losses(funnel: Funnel) -> Note:
    """Where the chains of a run that kept nothing were lost, the largest loss first, and what helps."""
    total = funnel.total
    losses = [
        (
            funnel.unparsed,
            "had no answer that could be parsed",
            "the model does not follow the answer format; try a stronger model or another prompt set",
        ),
        (
            total.parsed - total.correct - funnel.overruled.total(),
            "had a wrong answer",
            "the questions are too hard for the model, or the gold answers or their kind are wrong",
        ),
        *((count, f"ended early: {in_words(name)}", _why_early(name)) for name, count in funnel.ended_early.items()),
        (funnel.overruled.total(), "were correct by the checker but rejected by the self-judge", _SELF_JUDGE),
        *(
            (count, f"were correct but filtered out: {in_words(name)}", "see the limits under `curation` in the config")
            for name, count in funnel.lost.items()
        ),
    ]
    return Note(
        f"Where {counted(total.chains, 'chain')} were lost:",
        details=[
            f"{count:,} ({share(count, total.chains)}) {what}: {advice}."
            for count, what, advice in sorted(losses, key=lambda loss: -loss[0])
            if count
        ],
    )


def _why_early(defect: str) -> str:
    name = defect
    while name and name not in _WHY_EARLY:
        name = name.rpartition("_")[0]
    return _WHY_EARLY.get(name, f"`regenesis show` lists these chains under {defect}")
