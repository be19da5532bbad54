"""The figures of every step: `history.csv`, a line a step as it is done, and the same as `history.json`.

history = History(folder, rows_up_to_the_checkpoint)
history.add({"step": 1, "loss": 2.3, ...})
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from regenesis.errors import TrainingError
from regenesis.filesystems import replacing

CSV, JSON = "history.csv", "history.json"
COLUMNS = ("step", "epoch", "loss", "grad_norm", "learning_rate", "tokens", "tokens_per_second", "seconds")
"""`tokens` and `seconds` are counted from the first step, over all sessions."""


class History:
    """The history of one training; begins with what an earlier start left up to its last checkpoint."""

    def __init__(
        self,
        folder: Path | None,
        rows: Iterable[dict[str, Any]] = (),
        watch: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        """Opens the files in a folder; without one nothing is written and nobody is told.

        Args:
            folder: Where the files are.
            rows: What an earlier start left.
            watch: Called with each step by `tell`.
        """
        self.rows = list(rows)
        self._watch = watch if folder is not None else None
        self._folder = folder
        self._file = None
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._file = (folder / CSV).open("w", encoding="utf-8", newline="")
                self._writer = csv.DictWriter(self._file, COLUMNS, lineterminator="\n")
                self._writer.writeheader()
                self._writer.writerows(self.rows)
                self._file.flush()
            except OSError as error:
                raise TrainingError(f"{folder}: cannot be written to ({error.strerror}).") from error

    def add(self, row: dict[str, Any]) -> None:
        """Adds a step, on disk before this returns."""
        self.rows.append(row)
        if self._file is not None:
            try:
                self._writer.writerow(row)
                self._file.flush()
            except OSError as error:
                raise TrainingError(
                    f"{self._folder}: the history cannot be written ({error.strerror}). Free some space and rerun the "
                    "command."
                ) from error

    def tell(self, row: Mapping[str, Any]) -> None:
        """Tells whoever watches about a step."""
        if self._watch is not None:
            self._watch(row)

    def write_json(self) -> None:
        """Writes all rows as one JSON list."""
        if self._folder is not None:
            with replacing(self._folder / JSON) as partial:
                partial.write_text(json.dumps(self.rows, indent=0) + "\n", "utf-8")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
