"""`regenesis push`: upload a run's model or data set to the hub.

regenesis push runs/x --to org/name                       the tuned model, for you alone
regenesis push runs/x --to org/name --what dataset --public
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from regenesis.cli.options import RunFolder

if TYPE_CHECKING:
    from rich.table import Table

    from regenesis.publish.pushing import Parcel


class What(StrEnum):
    """What of a run can be uploaded."""

    MODEL = "model"
    DATASET = "dataset"


def push_command(
    run: RunFolder,
    to: Annotated[str, typer.Option("--to", metavar="ORG/NAME", help="The repository; made if it is not there.")],
    what: Annotated[What, typer.Option("--what", help="The tuned model, or the data set.")] = What.MODEL,
    private: Annotated[bool, typer.Option("--private/--public", help="Who may see the repository.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would go, and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before uploading.")] = False,
) -> None:
    """Upload a run's model or data set to the hub, with its card.

    Lists the files that go and asks before anything does. Ledgers, logs and checkpoints never go, nor does anything
    when a file holds what looks like an access key.
    """
    from regenesis.cli.terminal import console
    from regenesis.errors import RunError
    from regenesis.publish.pushing import pack, push, require_repository
    from regenesis.report.text import neutralise
    from regenesis.store.directory import RunDirectory

    require_repository(to)
    parcel = pack(RunDirectory(run), what.value)
    out = console()
    out.print(_files(parcel))
    out.print()
    if parcel.left:
        out.print(neutralise(f"Stays here: {', '.join(parcel.left)}"), soft_wrap=True)
    for note in parcel.notes:
        out.print(neutralise(note), soft_wrap=True)
    seen = "for you and your organisation alone, if it is made now" if private else "for everyone to see"
    out.print(f"To the {what.value} repository {to}, {seen}.", soft_wrap=True)
    if dry_run:
        return
    if not yes:
        if not sys.stdin.isatty():
            raise RunError("Nothing was uploaded: there is no terminal to ask at. Say --yes if it may go.")
        typer.confirm("Upload?", abort=True)
    address = push(parcel, to, private=private)
    out.print(neutralise(f"Uploaded: {address}"), soft_wrap=True)


def _files(parcel: Parcel) -> Table:
    from rich.table import Table
    from rich.text import Text

    from regenesis.report.text import neutralise

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", footer_style="bold", show_footer=True)
    table.add_column("file", footer=f"{len(parcel.files)} in all", overflow="fold")
    table.add_column("bytes", footer=f"{sum(parcel.files.values()):,}", justify="right", no_wrap=True)
    for name, size in parcel.files.items():
        table.add_row(Text(neutralise(name)), f"{size:,}")
    return table
