"""Folders on a disk or in an object store, for small files that are there whole or not at all.

    folder = open_folder("s3://bucket/runs/x")        # also a path, or whatever fsspec reaches
    folder.write("state.json", b"{}")
    folder.inside("1-of-4").names()

What goes wrong is an `OSError`, whichever store it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from regenesis.errors import ConfigError
from regenesis.filesystems import read_bounded, replacing

_LARGEST = 1 << 30
_WITHOUT_FOLDERS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss"})
"""Stores whose folders are parts of names: to make one there would make the bucket, one that is misspelt too."""
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


class Folder(Protocol):
    """A folder; as text, it is its path or its address."""

    def read(self, name: str) -> bytes:
        """The contents of a file; `FileNotFoundError` where there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Writes a file, which takes the place of one of that name; the folder is made if there is none."""

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""

    def names(self) -> list[str]:
        """Names of the files and folders in it, in order; none where it is not there."""

    def inside(self, name: str) -> Folder:
        """A folder in this one."""


def open_folder(where: str | Path) -> Folder:
    """The folder at a path or an address.

    Raises:
        ConfigError: Its address is of a kind that no installed package reaches, or is not valid.
    """
    if isinstance(where, Path) or _ADDRESS.match(where) is None:
        return _Local(Path(where).absolute())
    from fsspec.core import url_to_fs

    try:
        # other processes write there too: a listing of before would hide what they have written
        filesystem, path = url_to_fs(where, use_listings_cache=False)
    except ImportError as error:
        raise ConfigError(f"{where}: needs another package. {error}") from error
    except Exception as error:
        raise ConfigError(f"{where}: is no address of a folder ({_worded(error)}).") from error
    if "file" in _protocols(filesystem):
        return _Local(Path(path))
    return _Stored(filesystem, path.rstrip("/"), where.rstrip("/"))


class _Local:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def read(self, name: str) -> bytes:
        try:
            return read_bounded(self._path / name, _LARGEST)
        except NotADirectoryError as error:
            raise FileNotFoundError(error) from error
        except ValueError as error:
            raise OSError(error) from error

    def write(self, name: str, content: bytes) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        with replacing(self._path / name) as partial:
            partial.write_bytes(content)

    def remove(self, name: str) -> None:
        (self._path / name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        try:
            return sorted(entry.name for entry in self._path.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def inside(self, name: str) -> Folder:
        return _Local(self._path / name)


class _Stored:
    """A folder of a store that fsspec reaches, where a file is written in one piece."""

    def __init__(self, filesystem: Any, path: str, address: str) -> None:
        self._filesystem, self._path, self._address = filesystem, path, address

    def __str__(self) -> str:
        return self._address

    def read(self, name: str) -> bytes:
        with _as_os_error():
            content = self._filesystem.cat_file(f"{self._path}/{name}")
        return bytes(content)

    def write(self, name: str, content: bytes) -> None:
        with _as_os_error():
            if _WITHOUT_FOLDERS.isdisjoint(_protocols(self._filesystem)):
                self._filesystem.makedirs(self._path, exist_ok=True)
            self._filesystem.pipe_file(f"{self._path}/{name}", content)

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError), _as_os_error():
            self._filesystem.rm_file(f"{self._path}/{name}")

    def names(self) -> list[str]:
        try:
            with _as_os_error():
                found = self._filesystem.ls(self._path, detail=False)
        except FileNotFoundError:
            return []
        return sorted({str(path).rstrip("/").rpartition("/")[2] for path in found})

    def inside(self, name: str) -> Folder:
        return _Stored(self._filesystem, f"{self._path}/{name}", f"{self._address}/{name}")


@contextmanager
def _as_os_error() -> Iterator[None]:
    """Stores raise errors of their own client's kind: refused credentials, a lost connection."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(_worded(error)) from error


def _worded(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _protocols(filesystem: Any) -> tuple[str, ...]:
    named = filesystem.protocol
    return (named,) if isinstance(named, str) else tuple(named)
