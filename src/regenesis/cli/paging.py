"""Long output through the user's pager, as `git` shows it.

    with paged() as out:
        print_chains(out, ...)

Where the output fits the terminal, or goes into a file or a pipe, it is printed as usual.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def paged() -> Iterator[Console]:
    """A console whose output goes through `$PAGER` (or `less`) at a terminal."""
    from regenesis.cli.terminal import console

    out = console()
    pager = _pager() if sys.stdin.isatty() and out.is_terminal and not out.is_dumb_terminal else []
    if not pager:
        yield out
        return
    with out.capture() as captured:
        yield out
    if captured.get().count("\n") < out.height or not _shown(pager, captured.get()):
        # the console writes to where it wrote before, line by line
        out.file.write(captured.get())
        out.file.flush()


def _pager() -> list[str]:
    named = os.environ.get("PAGER")
    with suppress(ValueError):  # an unbalanced quote
        if named is not None:
            return shlex.split(named)
    found = shutil.which("less")
    return [found] if found else []


def _shown(pager: list[str], text: str) -> bool:
    """Shows a text in a pager and waits until it is left; `False` if the pager cannot be started."""
    # quit if one screen holds it, keep colours, leave the text on the screen: what `git` asks of `less`
    environment = {"LESS": "FRX", "LV": "-c", **os.environ}
    try:
        process = subprocess.Popen(pager, stdin=subprocess.PIPE, env=environment)
    except OSError:
        return False
    assert process.stdin is not None
    with suppress(OSError):  # the reader left before the end
        process.stdin.write(text.encode("utf-8", "replace"))
        process.stdin.close()
    while True:
        # Ctrl-C belongs to the pager
        with suppress(KeyboardInterrupt):
            process.wait()
            return True
