"""The `regenesis` command: its verbs, and how errors reach the user.

A verb's module is imported only when that verb is asked for, so that `--help` answers at once: the list of verbs
stands here with a line on each, and the verb itself knows the rest.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from regenesis.cli.exits import Exit
from regenesis.errors import RegenesisError

VERBS = {
    "run": "The whole loop: synthesize, train, evaluate.",
    "synthesize": "Start or resume a run that makes verified reasoning paths.",
    "train": "Post-train the model on a run's data set.",
    "evaluate": "Measure models on tasks: base against tuned, with intervals.",
    "export": "Write a run's tuned model as merged weights, adapter or GGUF.",
    "push": "Upload a run's model or data set to the hub.",
    "plan": "What a run will ask, before it asks anything.",
    "status": "What a run holds: paths, model, measurements, time.",
    "show": "Read a run's chains, from guideline to verdict.",
    "trust": "Let a run's folder from elsewhere use what its config names.",
    "grade": "Check the answers in a file of responses.",
    "tasks": "What questions there are to choose from.",
    "models": "Which models there are to choose from, and fetching one.",
    "presets": "Which presets there are to start from, and what each sets.",
    "doctor": "Is this machine ready for a run?",
}
"""Each verb with what it is for; `regenesis.cli.<verb>` holds its `<verb>_command`."""


class _Verbs(TyperGroup):
    """Lists all verbs without importing any; imports the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed if name is None else load_verb(name), rest


def load_verb(name: str) -> Any:
    """Imports a verb and makes a command of it."""
    module = import_module(f"regenesis.cli.{name}")
    app = _plain_app()
    app.command(name)(getattr(module, f"{name}_command"))
    return typer.main.get_command(app)


def _plain_app(**settings: Any) -> typer.Typer:
    # help without markup: rich would triple the time it takes, and brackets in it mean themselves
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **settings)


app = _plain_app(name="regenesis", cls=_Verbs, no_args_is_help=True)


def _listed() -> None:
    """Stands for a verb in the list of verbs."""


for _name, _line in VERBS.items():
    app.command(_name, help=_line)(_listed)


def _print_version(wanted: bool) -> None:
    if wanted:
        from regenesis import __version__

        print(f"regenesis {__version__}")
        raise typer.Exit()


@app.callback()
def regenesis(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A language model improves its own reasoning: questions in, verified reasoning paths out.

    `regenesis VERB --help` explains a verb.
    """


def main() -> None:
    """Runs the command line; an error made on purpose ends it with its text and exit code 1."""
    # before any computing library is loaded, and for the processes that are started too; see `engines.threads`
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        app()
    except RegenesisError as error:
        from regenesis.report.text import neutralise

        text = "\n".join([f"regenesis: {error}", *getattr(error, "__notes__", ())])
        print(neutralise(text), file=sys.stderr)
        sys.exit(Exit.ERROR)
