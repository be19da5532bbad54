"""`regenesis trust`: say that a run's folder that came from elsewhere may use what its config names.

regenesis trust runs/from-a-colleague
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from regenesis.cli.options import RunFolder


def trust_command(
    run: RunFolder,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Trust the config in a run's folder that was started on another machine, or by somebody else.

    Lists the programs, servers, keys and files that it names and asks. Runs that you start are trusted by themselves,
    for as long as nobody changes their config.
    """
    from regenesis.cli.terminal import console
    from regenesis.errors import RunError
    from regenesis.report.text import neutralise
    from regenesis.run import RunDirectory
    from regenesis.store.trust import is_trusted, reaches, remember

    directory, out = RunDirectory(run), console()
    configs = {folder.config_file: folder.require_started() for folder in (directory, *directory.later_rounds())}
    unknown = {file: config for file, config in configs.items() if not is_trusted(file)}
    if not unknown:
        out.print("Trusted already.")
        return
    for file, config in unknown.items():
        out.print(neutralise(f"{file}"), soft_wrap=True)
        found = reaches(config)
        for reach in found:
            out.print(neutralise(f"  {reach.field}: {reach.does}"), soft_wrap=True, markup=False)
        if not found:
            out.print("  names no program, server, key or file outside of its folder")
    if not yes:
        if not sys.stdin.isatty():
            raise RunError("Nothing was changed: there is no terminal to ask at. Say --yes if all of it may be used.")
        typer.confirm("May all of it be used?", abort=True)
    for file in unknown:
        remember(file)
        if not is_trusted(file):
            raise RunError(
                f"{file}: cannot be noted as trusted. Check the rights on your state folder ($XDG_STATE_HOME)."
            )
    out.print("Trusted, for as long as nobody changes it.")
