"""`regenesis push`: upload a run's model or dataset to the Hub.

regenesis push runs/x --to org/name                       the tuned model, to a private repository
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
    to: Annotated[
        str, typer.Option("--to", metavar="ORG/NAME", help="The Hub repository; created if it does not exist.")
    ],
    what: Annotated[What, typer.Option("--what", help="What to upload: the tuned model or the dataset.")] = What.MODEL,
    private: Annotated[
        bool, typer.Option("--private/--public", help="Visibility of a newly created repository.")
    ] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the files without uploading them.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Skip the confirmation prompt.")] = False,
) -> None:
    """Upload a run's model or dataset to the Hub, with its card.

    Lists the files and asks for confirmation first. Ledgers, logs and checkpoints are never uploaded, and nothing is if
    a file contains what looks like an access key.
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
        out.print(neutralise(f"Not uploaded: {', '.join(parcel.left)}"), soft_wrap=True)
    for note in parcel.notes:
        out.print(neutralise(note), soft_wrap=True)
    seen = "private if it is created now" if private else "public"
    out.print(f"Target: {what.value} repository {to}, {seen}.", soft_wrap=True)
    if dry_run:
        return
    if not yes:
        if not sys.stdin.isatty():
            raise RunError("Nothing was uploaded: there is no terminal to ask for confirmation. Pass --yes to skip it.")
        typer.confirm("Upload?", abort=True)
    address = push(parcel, to, private=private)
    out.print(neutralise(f"Uploaded: {address}"), soft_wrap=True)


def _files(parcel: Parcel) -> Table:
    from rich.table import Table
    from rich.text import Text

    from regenesis.report.text import neutralise

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", footer_style="bold", show_footer=True)
    table.add_column("file", footer=f"{len(parcel.files)} files", overflow="fold")
    table.add_column("bytes", footer=f"{sum(parcel.files.values()):,}", justify="right", no_wrap=True)
    for name, size in parcel.files.items():
        table.add_row(Text(neutralise(name)), f"{size:,}")
    return table
