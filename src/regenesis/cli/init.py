"""`regenesis init`: write a commented config to start from.

regenesis init                       the cases there are
regenesis init own                   into config.yaml
regenesis init server --to first.yaml
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def _cases(incomplete: str) -> list[tuple[str, str]]:
    """The cases that a shell can complete to, each with what it is."""
    from regenesis.config.starting import starters

    return [(name, said) for name, said in starters().items() if name.startswith(incomplete)]


def init_command(
    case: Annotated[
        str | None,
        typer.Argument(metavar="CASE", help="What to start from; left out, lists them.", autocompletion=_cases),
    ] = None,
    to: Annotated[Path, typer.Option(help="The file to write.")] = Path("config.yaml"),
) -> None:
    """Write a commented config for a case: a local model, your own questions, a server, a GPU.

    Editors that know the YAML language server complete and check it by the JSON Schema named in its first line.
    """
    from regenesis.cli.terminal import console
    from regenesis.config.starting import starters, write_starter
    from regenesis.report.blocks import Facts, Note
    from regenesis.report.terminal import print_view

    if case is None:
        print_view(console(), [[Facts(list(starters().items()))], [Note("Write one: regenesis init CASE")]])
        return
    write_starter(case, to)
    steps = [
        ("Look", f"regenesis plan {to} --show 2"),
        ("Check", f"regenesis doctor {to}"),
        ("Run", f"regenesis run {to}"),
    ]
    print_view(console(), [[Note(f"Written: {to}", "good")], [Facts(steps, copied=True)]])
