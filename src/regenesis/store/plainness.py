"""What a run writes to is a plain file or folder, so that nothing outside of the run's folder is changed through it.

require_plain(Path("runs/x"))        # before anything is written
require_no_pipes(Path("runs/x"))     # before anything is read: opening a pipe would wait for whoever writes to it
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from regenesis.errors import RunError

_FOLDERS = re.compile(r"dataset|evaluation|exports|model|training|round-[1-9][0-9]*")
_FILES = re.compile(r"[\w-]+\.(json|jsonl|yaml|parquet|sqlite(-wal|-shm|-journal)?)")
_BESIDE_THEIR_PLACE = re.compile(r"\..*")
"""Files and folders that are half written, and the lock."""


def require_plain(folder: Path) -> None:
    """Makes sure that nothing that a run works with is a link, a pipe or a device; what else lies there is left alone.

    The run's folder itself may be a link.

    Raises:
        RunError: Something is; it is named.
    """
    for entry in _worked_with(folder):
        if not (entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)):
            what = f"a link to {os.readlink(entry.path)}" if entry.is_symlink() else "neither a file nor a folder"
            raise RunError(
                f"{entry.path}: is {what}. A run only writes to regular files in its own folder: remove it, or replace "
                "it with what it points to."
            )
        if entry.is_dir(follow_symlinks=False) and _FILES.fullmatch(entry.name) and Path(entry.path).parent == folder:
            raise RunError(f"{entry.path}: is a folder where a run has a file. Move it away.")


def require_no_pipes(folder: Path) -> None:
    """Makes sure that nothing that a run's verbs read is, or leads to, a pipe or a device.

    Raises:
        RunError: Something does; it is named.
    """
    try:
        for entry in _worked_with(folder):
            if not (entry.is_file() or entry.is_dir()) and os.path.exists(entry.path):
                raise RunError(f"{entry.path}: is neither a file nor a folder, so it is not read. Remove it.")
    except OSError:
        return  # what cannot be listed is named when it is opened


def _worked_with(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if _FOLDERS.fullmatch(entry.name):
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    yield from _everything(entry.path)
            elif _FILES.fullmatch(entry.name) or _BESIDE_THEIR_PLACE.fullmatch(entry.name):
                yield entry


def _everything(folder: str) -> Iterator[os.DirEntry[str]]:
    """All that a folder holds, at any depth."""
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
