"""A page of a run, of an experiment or of runs side by side: one HTML file that works without a network.

write_page(run_page(RunDirectory("runs/x"), Words()), Path("runs/x/report.html"))

A page is data first (`sections`, of blocks and `charts`); `document` makes HTML of it.
"""

from __future__ import annotations

from pathlib import Path

from regenesis.errors import RunError
from regenesis.filesystems import replacing
from regenesis.pages.document import document
from regenesis.pages.sections import Page
from regenesis.types import storable

__all__ = ["Page", "document", "write_page"]


def write_page(page: Page, file: Path) -> None:
    """Writes a page, whole or not at all.

    Raises:
        RunError: It cannot be written.
    """
    try:
        with replacing(file) as partial:
            partial.write_text(storable(document(page)), "utf-8")
    except OSError as error:
        raise RunError(f"{file}: cannot be written ({error.strerror}). Give another file with --out.") from error
