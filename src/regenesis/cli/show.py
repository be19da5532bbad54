"""`regenesis show`: read a run's chains, or the answers of its evaluation, in the terminal.

regenesis show runs/x                                       the questions, with the outcome of each
regenesis show runs/x -q 17                                 one question's chains, from guideline to verdict
regenesis show runs/x --evaluation gsm8k --flips lost       what training lost on a task
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from regenesis.cli.options import AsJson, RunFolder
from regenesis.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

_Status = Literal["correct", "incorrect", "unparsed"]
_Flips = Literal["won", "lost"]


def show_command(
    run: RunFolder,
    question: Annotated[
        str | None,
        typer.Option(
            "--question",
            "-q",
            metavar="ID",
            help="Show this question in full; the beginning of its id, or of the id's last part, will do.",
        ),
    ] = None,
    evaluation: Annotated[
        str | None,
        typer.Option("--evaluation", "-e", metavar="TASK", help="Show the evaluation's answers to a task, not chains."),
    ] = None,
    flips: Annotated[
        _Flips | None, typer.Option(help="With --evaluation: only questions that training won, or lost.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="With --evaluation: only this model (base, tuned, round-2, …). Repeatable; the last one is compared "
            "with the first.",
            show_default=False,
        ),
    ] = None,
    status: Annotated[
        _Status | None, typer.Option(help="Only chains, or answers of the last model shown, with this verdict.")
    ] = None,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only what has this text in the question or what was written.")
    ] = None,
    task: Annotated[str | None, typer.Option(metavar="NAME", help="Only questions of this task.")] = None,
    guideline: Annotated[str | None, typer.Option(metavar="ID", help="Only chains of this guideline.")] = None,
    defect: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only chains dropped for this defect, such as no_steps.")
    ] = None,
    kept: Annotated[bool, typer.Option("--kept", help="Only kept chains.")] = False,
    unfinished: Annotated[bool, typer.Option("--unfinished", help="Only questions that are not finished.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Show what is listed in full.")] = False,
    prompts: Annotated[bool, typer.Option("--prompts", help="In full, also show the prompts as sent.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Maximum number of questions to list.")] = 20,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Number of questions to skip.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Read a run: its chains from guideline to verdict, or, with --evaluation, what the models answered.

    Without --question, lists the questions that the other options leave, with the outcome of each. At a terminal, what
    is longer than the screen goes through $PAGER, or `less`.
    """
    listing = Listing(run, question, full, prompts, limit, offset, as_json)
    if evaluation is not None:
        _require_unused("--evaluation", task=task, guideline=guideline, defect=defect, kept=kept, unfinished=unfinished)
        from regenesis.cli.show_answers import AnswersWanted, show_answers

        show_answers(listing, AnswersWanted(evaluation, flips, tuple(model or ()), status, search))
        return
    if flips or model:
        raise ConfigError(f"{'--flips' if flips else '--model'}: goes with --evaluation TASK.")
    from regenesis.cli.show_chains import show_chains
    from regenesis.runs.reading import Wanted

    show_chains(listing, Wanted(task, status, guideline, defect, kept, unfinished, search))


@dataclass(frozen=True, slots=True)
class Listing:
    """What is common to listing chains and answers.

    Attributes:
        run: The run's folder.
        question: The question that is shown alone, if one is.
        full: Whether what is listed is shown in full.
        prompts: Whether prompts are shown.
        limit: Questions on a page.
        offset: Questions before the page.
        as_json: Whether the output is JSON.
    """

    run: Path
    question: str | None
    full: bool
    prompts: bool
    limit: int
    offset: int
    as_json: bool

    def command(self, options: dict[str, Any]) -> str:
        """This command with some options; those that are not set are left out."""
        words = ["regenesis", "show", str(self.run)]
        for name, value in options.items():
            if value is True:
                words.append(f"--{name}")
            elif isinstance(value, tuple):
                words += [word for one in value for word in (f"--{name}", str(one))]
            elif value not in (None, False):
                words += [f"--{name}", str(value)]
        return shlex.join(words)

    def page(self, rows: Sequence[Any], options: dict[str, Any]) -> tuple[Sequence[Any], str]:
        """The rows of a page, and the command that shows the next one, if one more row than that is there."""
        if len(rows) <= self.limit:
            return rows, ""
        shown = {"full": self.full, "prompts": self.prompts}
        after = self.command({**options, **shown, "offset": self.offset + self.limit, "limit": self.limit})
        return rows[: self.limit], after


def _require_unused(by: str, **options: Any) -> None:
    for name, value in options.items():
        if value:
            raise ConfigError(f"--{name}: is about chains, and does not go with {by}.")
