"""`regenesis show` without `--evaluation`: the questions of a run, and their chains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from regenesis.cli.chains import print_begun, print_chains, print_question
from regenesis.cli.paging import paged
from regenesis.cli.terminal import print_json
from regenesis.curation import DEFECTS
from regenesis.errors import ConfigError, RunError
from regenesis.report.terminal import print_view
from regenesis.report.views.questions import questions_view
from regenesis.runs.reading import Wanted, begun_chains, completions_so_far, prompts_of, the_one
from regenesis.runs.status import read_counted, read_questions_and_outcomes
from regenesis.store.directory import RunDirectory
from regenesis.store.trust import code_of, is_trusted
from regenesis.synthesis.inputs import method_of

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from regenesis.cli.show import Listing
    from regenesis.ledger import Recorded
    from regenesis.methods import Outcome
    from regenesis.types import Message, Question


def show_chains(listing: Listing, wanted: Wanted) -> None:
    """Shows a run's questions, or one of them or all in full."""
    rows = read_questions_and_outcomes(listing.run)
    options = {
        "task": wanted.task,
        "status": wanted.status,
        "guideline": wanted.guideline,
        "defect": wanted.defect,
        "kept": wanted.kept,
        "unfinished": wanted.unfinished,
        "search": wanted.text,
    }
    if listing.question is not None:
        try:
            found = the_one(((row[0].id, row) for row in rows), listing.question, str(listing.run))
        except RunError as error:
            raise RunError(f"{error} `{listing.command({})}` lists the questions.") from error
        _show([found], listing, wanted, alone=True)
        return
    chosen = (row for row in rows if wanted.takes(*row))
    page, after = listing.page(list(islice(chosen, listing.offset, listing.offset + listing.limit + 1)), options)
    if not page:
        _require_known(listing.run, wanted)
    if listing.full or listing.prompts:
        _show(page, listing, wanted)
        return
    begun = {} if all(outcome for _, outcome in page) else completions_so_far(RunDirectory(listing.run))
    if listing.as_json:
        print_json([_row_json(question, outcome, begun) for question, outcome in page])
        return
    filters = {name: value for name, value in options.items() if name in ("status", "guideline", "defect", "kept")}
    with paged() as out:
        print_view(out, questions_view(page, listing.command(filters), after, begun))


def _require_known(run: Path, wanted: Wanted) -> None:
    """Makes sure that what is looked for and not found could have been there.

    Raises:
        RunError: A task, guideline or defect is named that the run does not know.
    """
    directory = RunDirectory(run)
    tasks: set[str] = {task.name for task in directory.require_started().tasks}
    guidelines, defects = set(method_words(directory)[1]), set[str]()
    for question, chains in read_counted(run):
        tasks.add(question.task)
        for one in chains:
            guidelines.update(filter(None, one.guideline.split("+")))
            defects.update([one.defect] if one.defect else [])
    for name, value, known, also in (
        ("task", wanted.task, tasks, ()),
        ("guideline", wanted.guideline, guidelines, ()),
        ("defect", wanted.defect, defects, DEFECTS),
    ):
        if value is not None and value not in known and value not in also:
            there = f"there are: {', '.join(sorted(known))}" if known else "there is none in this run"
            raise RunError(f"--{name} {value}: {run} has no such {name}; {there}.")


def _show(
    rows: Sequence[tuple[Question, Outcome | None]], listing: Listing, wanted: Wanted, *, alone: bool = False
) -> None:
    directory = RunDirectory(listing.run)
    begun = {question.id: begun_chains(directory, question.id) for question, outcome in rows if outcome is None}
    keys = [
        *(key for _, outcome in rows if outcome for one in outcome.judged for _, key, _ in one.path.steps),
        *(one.key for chains in begun.values() for chain in chains for one in chain),
    ]
    prompts = prompts_of(directory, keys) if listing.prompts else {}
    if listing.as_json:
        documents = [
            question_json(question, outcome, wanted, begun.get(question.id, ()), prompts) for question, outcome in rows
        ]
        print_json(documents[0] if alone else documents)
        return
    stages, legend = method_words(directory)
    with paged() as out:
        for place, (question, outcome) in enumerate(rows):
            if place:
                out.print()
            print_question(out, question)
            if outcome is None:
                print_begun(out, begun[question.id], stages, prompts)
            else:
                _print_chains(out, outcome, wanted, stages, legend, prompts)


def _print_chains(
    out: Console,
    outcome: Outcome,
    wanted: Wanted,
    stages: Mapping[str, str],
    legend: Mapping[str, str],
    prompts: Mapping[str, Sequence[Message]],
) -> None:
    chains = wanted.chains(outcome)
    print_chains(out, outcome, chains, stages, legend, prompts)
    if len(chains) < len(outcome.judged):
        out.print()
        out.print(f"{len(chains):,} of {len(outcome.judged):,} chains are shown.", style="dim")


def method_words(directory: RunDirectory) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What a run's method calls its stages, and what the names of its guidelines stand for, where that can be told.

    Files and code that a config names are used only where the config is trusted.
    """
    trusted = is_trusted(directory.config_file)
    if not trusted and code_of(directory.config_text() or ""):
        return {}, {}
    config = directory.require_started()
    if any(config.method.reaches()) and not trusted:
        return {}, {}
    try:
        method = method_of(config.method, config.answering)
    except ConfigError:  # e.g. the user's own guidelines file is gone
        return {}, {}
    return method.stages, method.legend()


def question_json(
    question: Question,
    outcome: Outcome | None,
    wanted: Wanted,
    begun: Iterable[Sequence[Recorded]],
    prompts: Mapping[str, Sequence[Message]],
) -> dict[str, Any]:
    """A question with its chains as plain JSON types; `chains` is null while it is not finished."""
    document = {"question": asdict(question), "finished": outcome is not None, "chains": None}
    if outcome is None:
        document["so_far"] = [
            [{"stage": one.stage, "key": one.key, "text": one.completion.text} for one in chain] for chain in begun
        ]
    else:
        kept = {id(one) for one in outcome.kept}
        document["chains"] = [asdict(one) | {"kept": id(one) in kept} for one in wanted.chains(outcome)]
    if prompts:
        document["prompts"] = {key: [asdict(message) for message in chat] for key, chat in prompts.items()}
    return document


def _row_json(question: Question, outcome: Outcome | None, begun: Mapping[str, int]) -> dict[str, Any]:
    counts: dict[str, Any] = dict.fromkeys(("chains", "correct", "kept"))
    if outcome is not None:
        correct = sum(one.verdict.correct for one in outcome.judged)
        counts = {"chains": len(outcome.judged), "correct": correct, "kept": len(outcome.kept)}
    so_far = {} if outcome is not None else {"completions": begun.get(question.id, 0)}
    return {"id": question.id, "finished": outcome is not None, **counts, **so_far, "text": question.text}
