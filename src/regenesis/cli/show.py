"""`regenesis show`: read a run's chains in the terminal.

regenesis show runs/x                                       the questions, with the outcome of each
regenesis show runs/x --question gsm8k/train/0              one question's chains, from guideline to verdict
regenesis show runs/x --question gsm8k/train/0 --kept       only the kept chains
"""

from __future__ import annotations

import shlex
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenesis.cli.options import AsJson, RunFolder
from regenesis.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from regenesis.methods import Outcome
    from regenesis.types import Question


def show_command(
    run: RunFolder,
    question: Annotated[
        str | None, typer.Option("--question", "-q", metavar="ID", help="Show the chains of this question.")
    ] = None,
    kept: Annotated[
        bool, typer.Option("--kept", help="Only kept chains; without --question, only questions with a kept chain.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Maximum number of questions to list.")] = 20,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Number of questions to skip.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show a run's chains, from guideline to verdict.

    Without --question, lists the run's questions with their numbers of chains, correct chains and kept chains.
    """
    from regenesis.runs.status import read_questions_and_outcomes

    rows = read_questions_and_outcomes(run)
    if question is not None:
        _show_question(run, rows, question, kept, as_json)
    else:
        chosen = (row for row in rows if not kept or (row[1] is not None and row[1].kept))
        _list_questions(list(islice(chosen, offset, offset + limit + 1)), run, limit, offset, as_json)


def _show_question(
    run: RunFolder, rows: Iterator[tuple[Question, Outcome | None]], wanted: str, only_kept: bool, as_json: bool
) -> None:
    from regenesis.cli.terminal import print_json

    found = next(((question, outcome) for question, outcome in rows if question.id == wanted), None)
    if found is None:
        raise RunError(f"{run}: has no question {wanted!r}. `{_list_command(run)}` lists its questions.")
    question, outcome = found
    if as_json:
        print_json(question_json(question, outcome, only_kept=only_kept))
        return
    from regenesis.cli.chains import print_chains, print_question
    from regenesis.cli.terminal import console

    out = console()
    print_question(out, question)
    if outcome is None:
        out.print("\nThis question is not finished yet.")
    else:
        stages, legend = method_words(run)
        print_chains(out, outcome, stages, legend, only_kept=only_kept)


def method_words(run: RunFolder) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What a run's method calls its stages, and what the names of its guidelines stand for, where that can be told.

    Files and code that a config names are used only where the config is trusted.
    """
    from regenesis.errors import ConfigError
    from regenesis.runs import RunDirectory
    from regenesis.store.trust import code_of, is_trusted
    from regenesis.synthesis.inputs import method_of

    directory = RunDirectory(run)
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


def question_json(question: Question, outcome: Outcome | None, *, only_kept: bool) -> dict[str, Any]:
    """A question with its chains as plain JSON types; `chains` is null while it is not finished."""
    return {
        "question": asdict(question),
        "finished": outcome is not None,
        "chains": None
        if outcome is None
        else [
            asdict(one) | {"kept": one in outcome.kept}
            for one in outcome.judged
            if not only_kept or one in outcome.kept
        ],
    }


def _list_questions(
    rows: list[tuple[Question, Outcome | None]], run: RunFolder, limit: int, offset: int, as_json: bool
) -> None:
    """Lists at most `limit` rows; one more says that there are more."""
    from regenesis.cli.terminal import console, print_json
    from regenesis.report.terminal import print_view
    from regenesis.report.views.questions import questions_view

    if as_json:
        print_json([_row_json(question, outcome) for question, outcome in rows[:limit]])
        return
    command = _list_command(run)
    next_page = f"{command} --offset {offset + limit} --limit {limit}" if len(rows) > limit else ""
    print_view(console(), questions_view(rows[:limit], command, next_page))


def _row_json(question: Question, outcome: Outcome | None) -> dict[str, Any]:
    counts: dict[str, Any] = dict.fromkeys(("chains", "correct", "kept"))
    if outcome is not None:
        correct = sum(one.verdict.correct for one in outcome.judged)
        counts = {"chains": len(outcome.judged), "correct": correct, "kept": len(outcome.kept)}
    return {"id": question.id, "finished": outcome is not None, **counts, "text": question.text}


def _list_command(run: RunFolder) -> str:
    return shlex.join(["regenesis", "show", str(run)])
