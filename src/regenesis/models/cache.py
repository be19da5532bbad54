"""The user's cache folder: which models are there, and what their bytes hash to.

A gigabyte is hashed once; the digest is remembered with the file's size and modification time, and hashed again
only when either has changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from regenesis.errors import ModelError
from regenesis.filesystems import replacing
from regenesis.models.known import KnownModel


def cache_folder() -> Path:
    """Where fetched models are kept: the environment's `REGENESIS_CACHE`, or the user's cache folder."""
    stated = os.environ.get("REGENESIS_CACHE")
    if stated:
        return Path(stated).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("regenesis"))


def model_path(model: KnownModel) -> Path:
    """Where a known model is kept once it is fetched."""
    return cache_folder() / "models" / model.name / model.file


def cached(model: KnownModel) -> Path | None:
    """The path of a known model if it is in the cache and whole; a file that is neither is left for `assemble`."""
    path = model_path(model)
    if path.is_file() and path.stat().st_size == model.size and fingerprint(path) == model.sha256:
        return path
    return None


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file as 64 hex digits, computed once for as long as the file does not change.

    Raises:
        ModelError: The file cannot be read.
    """
    try:
        remembered = _recall(path)
        if remembered is not None:
            return remembered
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}).") from error
    remember(path, digest)
    return digest


def remember(path: Path, digest: str) -> None:
    """Notes the digest of a file as it is now. A cache that cannot be written costs time, so it is no error."""
    with contextlib.suppress(OSError):
        write_json(_note_path(path), {"sha256": digest, **_state(path)})


def has_gguf_magic(path: Path) -> Path:
    """Gives the path back if the file begins as GGUF files do.

    Raises:
        ModelError: It does not, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}).") from error
    if magic != b"GGUF":
        raise ModelError(f"{path}: is not a GGUF file. Give a model that was converted for llama.cpp.")
    return path


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Writes a small JSON file so that a reader sees the old one or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as draft:
        draft.write_text(json.dumps(value, indent=2), "utf-8")


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Holds a folder for this process alone; waits while another has it. The lock falls with its process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _state(path: Path) -> dict[str, Any]:
    status = path.stat()
    return {"path": str(path.resolve()), "size": status.st_size, "modified_ns": status.st_mtime_ns}


def _note_path(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]
    return cache_folder() / "fingerprints" / f"{name}.json"


def _recall(path: Path) -> str | None:
    state = _state(path)
    try:
        note = json.loads(_note_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(note, dict):
        return None
    digest = note.pop("sha256", None)
    return digest if isinstance(digest, str) and note == state else None
