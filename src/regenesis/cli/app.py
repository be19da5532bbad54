"""The `regenesis` command: its verbs, and how errors reach the user.

A verb's module is imported only when that verb is called, so that `--help` stays fast: the list below holds one line
per verb, and the verb's own module holds the rest.
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
    "init": "Write a commented config to start from.",
    "run": "Run the whole loop: synthesize, train, evaluate.",
    "synthesize": "Synthesize verified reasoning paths; start or resume a run.",
    "merge": "Make one run of the shards of several machines.",
    "dataset": "Derive a run's dataset anew, without any request.",
    "train": "Fine-tune the model on a run's dataset.",
    "evaluate": "Evaluate models on tasks: tuned vs base, with 95 % CIs.",
    "export": "Export a tuned model or an evaluation to other tools.",
    "export-task": "Export tasks, with our prompt, to lm-evaluation-harness.",
    "push": "Upload a run's model or dataset to the Hub.",
    "plan": "Estimate a run's calls and tokens without sending any.",
    "compare": "Compare methods: run an experiment, or read finished runs.",
    "analyze": "Show what lies behind a comparison: yields, failures, costs.",
    "report": "Write a page of a run or an experiment, with charts.",
    "status": "Show the state of a run: paths, model, evaluations, time.",
    "show": "Read a run: its chains, or the answers of its evaluation.",
    "trust": "Trust the config of a run folder that came from elsewhere.",
    "grade": "Grade a file of responses.",
    "tasks": "List the available tasks.",
    "models": "List the available models, or download one.",
    "presets": "List the presets and the values they set.",
    "doctor": "Check whether this machine is ready for a run.",
}
"""Each verb with what it is for; `regenesis.cli.<verb>` holds its `<verb>_command`, a hyphen as `_`."""


class _Verbs(TyperGroup):
    """Lists all verbs without importing any; imports the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed if name is None else load_verb(name), rest


def load_verb(name: str) -> Any:
    """Imports a verb and makes a command of it."""
    python_name = name.replace("-", "_")
    module = import_module(f"regenesis.cli.{python_name}")
    app = _plain_app()
    app.command(name)(getattr(module, f"{python_name}_command"))
    return typer.main.get_command(app)


def _plain_app(*, add_completion: bool = False, **settings: Any) -> typer.Typer:
    # help without markup: rich would triple the time it takes, and brackets in it mean themselves
    return typer.Typer(add_completion=add_completion, rich_markup_mode=None, pretty_exceptions_enable=False, **settings)


app = _plain_app(name="regenesis", cls=_Verbs, no_args_is_help=True, add_completion=True)


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
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Self-improvement of a language model's reasoning: synthesize verified reasoning paths, train on them, evaluate.

    Run `regenesis COMMAND --help` for the options of a command.
    """


def main() -> None:
    """Runs the command line; a `RegenesisError` ends it with its message and exit code 1."""
    # before any computing library is loaded, and for the processes that are started too; see `engines.threads`
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        app(prog_name="regenesis")
    except RegenesisError as error:
        from regenesis.report.text import neutralise

        text = "\n".join([f"regenesis: {error}", *getattr(error, "__notes__", ())])
        print(neutralise(text), file=sys.stderr)
        sys.exit(Exit.ERROR)
