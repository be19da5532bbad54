"""The folder of a run: the names of what is in it, and who holds it.

    with RunFolder("runs/x").locked() as folder:
        folder.ledger

One process at a time holds a run, by a lock that the kernel lets go of however the process ends.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from regenesis.errors import RunError, RunInUse
from regenesis.filesystems import network_filesystem, remove_leftovers, usable_path
from regenesis.store.locking import lock
from regenesis.store.plainness import require_plain


class RunFolder:
    """The folder of a run and the names of what is in it."""

    def __init__(self, path: str | Path) -> None:
        self.path = usable_path(Path(path))

    @property
    def config_file(self) -> Path:
        return self.path / "config.yaml"

    @property
    def inputs_file(self) -> Path:
        """What the config points at, by digest, so that a change of it is noticed."""
        return self.path / "inputs.json"

    @property
    def ledger(self) -> Path:
        return self.path / "ledger.sqlite"

    @property
    def outcomes(self) -> Path:
        """Derived from the ledger; may be deleted."""
        return self.path / "outcomes.sqlite"

    @property
    def questions(self) -> Path:
        return self.path / "questions.parquet"

    @property
    def decontamination(self) -> Path:
        """Questions of the run that overlap a question of its evaluation, for a person to check."""
        return self.path / "decontamination.json"

    @property
    def set_aside(self) -> Path:
        """Questions that are not asked because their gold answers contradict each other, for a person to correct."""
        return self.path / "set_aside.json"

    @property
    def origin(self) -> Path:
        """What the dataset's card says of where it comes from, so that it can be derived again."""
        return self.path / "origin.json"

    @property
    def paths(self) -> Path:
        return self.path / "paths.parquet"

    @property
    def verdicts(self) -> Path:
        return self.path / "verdicts.parquet"

    @property
    def dataset(self) -> Path:
        return self.path / "dataset"

    @property
    def preferences(self) -> Path:
        """Pairs of kept and wrong paths."""
        return self.path / "preferences"

    def has_rows(self) -> bool:
        """Whether the dataset has a row to train on."""
        return (self.dataset / "train.parquet").is_file()

    @property
    def model(self) -> Path:
        """The tuned model: an adapter or a checkpoint, whole or not there."""
        return self.path / "model"

    @property
    def training(self) -> Path:
        """What training works with: checkpoints, and the history of its figures."""
        return self.path / "training"

    @property
    def exports(self) -> Path:
        """The tuned model in other forms."""
        return self.path / "exports"

    @property
    def evaluation(self) -> Path:
        """`<model>/<task>.parquet` and `summary.json`."""
        return self.path / "evaluation"

    @property
    def summary(self) -> Path:
        """Where the last start of the run ended, for `status`."""
        return self.path / "summary.json"

    @property
    def log(self) -> Path:
        return self.path / "log.jsonl"

    def later_rounds(self) -> list[Self]:
        """The folders of the rounds after the first, in order; each is a run like this one."""
        found = [path for path in self.path.glob("round-*") if re.fullmatch(r"round-[1-9][0-9]*", path.name)]
        return [type(self)(path) for path in sorted(found, key=lambda path: int(path.name.removeprefix("round-")))]

    @contextmanager
    def locked(self, *, with_ledger: bool = True) -> Iterator[Self]:
        """Holds the run for this process.

        Args:
            with_ledger: Whether the ledger is worked with, which a network file system can damage. Training is not
                about it, and over several machines it needs a disk that all of them see.

        Raises:
            RunError: Another process holds it, it lies on a network file system, it cannot be made, or it holds a link.
        """
        kind = network_filesystem(self.path) if with_ledger else None
        if kind is not None:
            raise RunError(
                f"{self.path}: lies on a network file system ({kind}), where a ledger can be damaged. "
                "Give a --run-dir on a local disk and copy the run when it is done."
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            require_plain(self.path)
            handle = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise RunError(f"{self.path}: cannot be used as a run directory ({error.strerror}).") from error
        try:
            try:
                lock(handle)
            except OSError as error:
                holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
                raise RunInUse(
                    f"{self.path}: another process (pid {holder}) is using this run. "
                    "Wait for it or stop it, or give another --run-dir."
                ) from error
            self._remove_leftovers()
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            yield self
        finally:
            os.close(handle)

    def _remove_leftovers(self) -> None:
        """Removes what a start that was killed had half written."""
        for folder in (self.path, self.dataset, self.exports, self.evaluation, *self.evaluation.glob("*/")):
            remove_leftovers(folder)
