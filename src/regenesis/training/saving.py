"""Checkpoints that are whole or passed over, and the room they take.

    latest = latest_whole(folder, fingerprint)
    mark_whole(folder / "checkpoint-8", fingerprint, history)      # once all processes have written theirs

A checkpoint is many files. Its mark, with their names and sizes, is written last: a process that is killed on the way
leaves one without a mark, which counts for nothing.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from regenesis.errors import TrainingError
from regenesis.filesystems import replacing, sync

_MARK = "whole.json"
_NAME = re.compile(r"checkpoint-(\d+)")
_SPARE = 50_000_000
"""Bytes of tokenizer and small files beside the weights."""


def latest_whole(folder: Path, fingerprint: str) -> Path | None:
    """The last whole checkpoint of a training, `None` if there is none."""
    whole = [path for path in checkpoints(folder) if (read_mark(path) or {}).get("fingerprint") == fingerprint]
    return whole[-1] if whole else None


def checkpoints(folder: Path) -> list[Path]:
    """All checkpoints in a folder, whole or not, by step."""
    if not folder.is_dir():
        return []
    named = [(match, path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(named, key=lambda item: int(item[0][1]))]


def read_mark(checkpoint: Path) -> dict[str, Any] | None:
    """What a whole checkpoint was marked with, `None` for one that is not whole."""
    try:
        mark = json.loads((checkpoint / _MARK).read_text("utf-8"))
        sizes = {name: (checkpoint / name).stat().st_size for name in mark["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return mark if sizes == mark["files"] else None


def mark_whole(checkpoint: Path, fingerprint: str, history: Sequence[dict[str, Any]]) -> None:
    """Marks a checkpoint as whole once all of it is on disk."""
    files = {str(path.relative_to(checkpoint)): path.stat().st_size for path in sync_files(checkpoint)}
    write_synced(checkpoint / _MARK, json.dumps({"fingerprint": fingerprint, "files": files, "history": list(history)}))


def sync_files(folder: Path) -> list[Path]:
    """Makes sure that all files in a folder are on disk, and lists them."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != _MARK]
    for path in files:
        sync(path)
    return files


def keep_latest(folder: Path, count: int) -> None:
    """Removes all but the latest checkpoints."""
    for path in checkpoints(folder)[:-count]:
        shutil.rmtree(path, ignore_errors=True)


def remove_others(folder: Path, kept: Path | None) -> None:
    """Removes every checkpoint but one: torn ones, and those of another training."""
    for path in checkpoints(folder):
        if path != kept:
            shutil.rmtree(path, ignore_errors=True)


def write_synced(path: Path, text: str) -> None:
    """Writes a file that is on disk, whole, when this returns."""
    with replacing(path) as partial:
        partial.write_text(text, "utf-8")


def about_writing(error: Exception) -> bool:
    """Whether an error is one of the disk; safetensors and torch have errors of their own for a full one."""
    return isinstance(error, OSError) or type(error).__name__ == "SafetensorError" or "write" in str(error).lower()


def checkpoint_bytes(trainable: int) -> int:
    """Bytes of a checkpoint: the trained weights in float32 and the optimiser's two moments of each."""
    return 12 * trainable + _SPARE


def require_room(folder: Path, needed: int, what: str) -> None:
    """Makes sure that a disk has room.

    Raises:
        TrainingError: It has not.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise TrainingError(
            f"{folder}: has {_megabytes(free)} free, and {what} takes about {_megabytes(needed)}. Free some space, or "
            "set training.save_total_limit to 1 or training.tuning to lora; then rerun the command to resume from the "
            "last checkpoint."
        )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
