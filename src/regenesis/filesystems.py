"""What kind of disk a path lies on, how much of it is free, and when a file is on it.

    network_filesystem(Path("runs/x"))   # "nfs4", or None on a local disk
    free_bytes(Path("runs/x"))           # 81604378624

Both accept paths that do not exist yet and answer for the folder they would be made in.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from regenesis.errors import RunError

_MOUNTS = Path("/proc/self/mountinfo")

# SQLite's write-ahead log needs memory shared by all its users and locks that hold; these promise neither.
_NETWORK_TYPES = frozenset(
    {
        *("afs", "beegfs", "ceph", "cifs", "coda", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"),
        *("ocfs2", "orangefs", "panfs", "pvfs2", "smb2", "smb3", "smbfs", "wekafs"),
        *(
            "fuse.ceph",
            "fuse.ceph-fuse",
            "fuse.gcsfuse",
            "fuse.glusterfs",
            "fuse.goofys",
            "fuse.juicefs",
            "fuse.JuiceFS",
        ),
        *("fuse.rclone", "fuse.s3fs", "fuse.seaweedfs", "fuse.sshfs"),
    }
)


def usable_path(path: Path) -> Path:
    """Gives back the path of a run's folder if it can be one, whether it exists yet or not.

    Raises:
        RunError: It cannot be looked up, or files could not hold its name.
    """
    try:
        str(path).encode()
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except UnicodeEncodeError as error:
        raise RunError(f"{str(path)!a}: its name is not UTF-8. Use another run folder.") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise RunError(f"{str(path)[:300]!a}: cannot be accessed ({why}). Use another run folder.") from error
    return path


def network_filesystem(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """Says whether a path lies on a network file system.

    Args:
        path: Any path; it need not exist.
        mounts: The kernel's table of mounts.

    Returns:
        The file system's type, such as `nfs4` or `fuse.sshfs`; `None` for a local disk and where it cannot be told
        (no mount table, a type this module does not know).
    """
    kind = filesystem_type(path, mounts)
    return kind if kind in _NETWORK_TYPES else None


def filesystem_type(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """The type of the file system a path lies on, as the kernel names it; `None` where it cannot be told."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    resolved = path.resolve()
    found: tuple[int, str] | None = None
    for line in table.splitlines():
        mount = _read_mount(line)
        # `>=`: of two mounts on one point, the later covers the earlier
        if mount and resolved.is_relative_to(mount[0]) and (found is None or len(mount[0].parts) >= found[0]):
            found = (len(mount[0].parts), mount[1])
    return found[1] if found else None


def free_bytes(path: Path) -> int:
    """Bytes free to this user on the disk that holds `path`, or would hold it."""
    return shutil.disk_usage(nearest_existing(path)).free


def nearest_existing(path: Path) -> Path:
    """The path itself, or the closest of its parents that exists."""
    existing = path.resolve()
    while not os.path.exists(existing):  # unlike Path.exists, no error where a folder may not be looked into
        existing = existing.parent
    return existing


def _read_mount(line: str) -> tuple[Path, str] | None:
    left, separator, right = line.partition(" - ")
    fields, kind = left.split(" "), right.split(" ")[0]
    if not separator or len(fields) < 5 or not kind:
        return None
    # the kernel writes blanks and backslashes of a mount point as octal escapes
    point = re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8)), fields[4])
    return Path(point), kind


def give_usual_rights(folder: Path) -> None:
    """Gives weights the rights of the config beside them.

    Safetensors makes its files readable to their owner alone, so that a server run by another user could not load them.
    """
    configs = [folder / name for name in ("config.json", "adapter_config.json") if (folder / name).is_file()]
    for weights in folder.glob("*.safetensors") if configs else ():
        weights.chmod(configs[0].stat().st_mode & 0o777)


def sync(path: Path) -> None:
    """Returns when a file, or what a folder lists, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_bounded(path: Path, most: int = 64 * 1024 * 1024) -> bytes:
    """The contents of a small file that may have come from anywhere.

    Raises:
        ValueError: It is no plain file, or larger than `most` bytes.
        OSError: It cannot be read.
    """
    # a pipe would be waited for otherwise, and a device has no end
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is not a regular file")
        if found.st_size > most:
            raise ValueError(f"it has {found.st_size:,} bytes where at most {most:,} are read")
        return file.read(most)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write a file or a folder under, which takes the place of `path` when all of it is on disk.

    Where the block raises, nothing changes. What a process that was killed has left behind for the same folder is
    removed.

    Raises:
        OSError: It cannot be written or moved there.
    """
    remove_leftovers(path.parent)
    partial = path.with_name(f".{path.name}.{_here()}-{os.getpid()}.partial")
    try:
        yield partial
        for written in partial.rglob("*") if partial.is_dir() else ():
            sync(written)
        sync(partial)
        partial.replace(path)
        sync(path.parent)
    finally:
        _remove(partial)


def remove_leftovers(folder: Path) -> None:
    """Removes what `replacing` left in a folder where the process that wrote it was killed on this machine."""
    name = re.compile(rf"\..+\.{re.escape(_here())}-([0-9]+)\.partial")
    with suppress(OSError):
        for entry in list(folder.iterdir()):
            left = name.fullmatch(entry.name)
            if left and not is_alive(int(left[1])):
                _remove(entry)


def _here() -> str:
    return re.sub(r"[^\w-]", "-", socket.gethostname())


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
