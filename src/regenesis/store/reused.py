"""Other runs whose completions a run takes over.

with Ledger.open(directory.ledger, ledgers_of(["runs/before"])) as ledger: ...
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regenesis.errors import RunError
from regenesis.store.directory import RunDirectory
from regenesis.store.plainness import require_no_pipes


def ledgers_of(runs: Sequence[str | Path]) -> list[Path]:
    """The ledgers of other runs.

    Raises:
        RunError: A folder holds none, or a pipe in the place of a file.
    """
    found = [RunDirectory(run) for run in runs]
    for directory in found:
        require_no_pipes(directory.path)
        if not directory.ledger.is_file():
            raise RunError(f"--reuse {directory.path}: holds no ledger. Give the folder of a run.")
    return [directory.ledger for directory in found]
