"""`regenesis trust`: allow a run folder that came from elsewhere to use what its config names.

regenesis trust runs/from-a-colleague
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
import yaml

from regenesis.cli.options import RunFolder

if TYPE_CHECKING:
    from regenesis.runs import RunDirectory
    from regenesis.section import Reach


def trust_command(
    run: RunFolder,
    yes: Annotated[bool, typer.Option("--yes", help="Skip the confirmation prompt.")] = False,
) -> None:
    """Trust the config of a run folder that was started on another machine or by somebody else.

    Lists the programs, servers, keys and files that it names and asks for confirmation. Runs that you start yourself
    are trusted automatically, as long as their config does not change.
    """
    from regenesis.cli.terminal import console
    from regenesis.errors import RunError
    from regenesis.report.text import neutralise
    from regenesis.runs import RunDirectory
    from regenesis.store.trust import is_trusted, remember

    directory, out = RunDirectory(run), console()
    folders = [directory, *directory.later_rounds()]
    unknown = {folder.config_file: _reaches(folder) for folder in folders if not is_trusted(folder.config_file)}
    if not unknown:
        out.print("Already trusted.")
        return
    for file, found in unknown.items():
        out.print(neutralise(f"{file}"), soft_wrap=True)
        for reach in found:
            out.print(neutralise(f"  {reach.field}: {reach.does}"), soft_wrap=True, markup=False)
        if not found:
            out.print("  names no program, server, key or file outside its folder")
    if not yes:
        if not sys.stdin.isatty():
            raise RunError(
                "Nothing was changed: there is no terminal to ask for confirmation. Pass --yes to allow all of it."
            )
        typer.confirm("Allow all of it?", abort=True)
    for file in unknown:
        remember(file)
        if not is_trusted(file):
            raise RunError(
                f"{file}: cannot be recorded as trusted. Check the permissions of your state folder ($XDG_STATE_HOME)."
            )
    out.print("Trusted, as long as it does not change.")


def _reaches(folder: RunDirectory) -> list[Reach]:
    """What a run's config reaches for; where it names somebody's code, that is not imported to find out."""
    from regenesis.config import config_from_mapping
    from regenesis.store.trust import code_of, reaches, without_code

    code = code_of(folder.config_text() or "")
    if not code:
        return reaches(folder.require_started())
    stated = yaml.safe_load(folder.config_text() or "")
    config = config_from_mapping(without_code(stated), str(folder.config_file), base=folder.path, frozen=True)
    return [*code, *reaches(config)]
