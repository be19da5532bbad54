"""Files that are made of something else, and made again only when that has changed.

build_once(exports / "adapter.gguf", "<digest of what it is made of>", write)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from regenesis.store.directory import write_whole


def build_once(target: Path, origin: str, write: Callable[[Path], object]) -> bool:
    """Writes a file or folder unless it is there already, made of the same.

    Args:
        target: What is to be there.
        origin: Names all that it is made of; kept beside it, in `<name>.origin`.
        write: Writes it, in place of what may be there.

    Returns:
        Whether it had to be written.
    """
    note = target.with_name(f"{target.name}.origin")
    if target.exists() and note.is_file() and note.read_text("utf-8") == origin:
        return False
    note.unlink(missing_ok=True)
    write(target)
    write_whole(note, origin)
    return True
