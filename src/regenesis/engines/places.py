"""How many sequences an engine in this process decodes together where the config does not say."""

from __future__ import annotations

import os

from regenesis.checkpoints.gguf_files import GgufFile

_UNKNOWN = 16
"""Places where nobody knows how much memory there is."""
_BYTES = 2
"""Of a number among keys and values, at most."""
_SHARE = 4
"""Keys and values of full contexts may take one of so many parts of the memory; few sequences ever fill theirs."""


def usual_places(file: GgufFile, context: int, least: int, most: int) -> int:
    """Places for sequences of a model on this machine.

    Args:
        file: The model.
        context: Tokens of a sequence at most.
        least: Also where memory is short.
        most: Where memory allows it.
    """
    memory = _memory()
    if memory is None:
        return max(least, min(most, _UNKNOWN))
    return max(least, min(most, memory // _SHARE // max(1, bytes_a_token(file) * context)))


def bytes_a_token(file: GgufFile) -> int:
    """Bytes of the keys and values of a token, at most."""
    architecture = file.value("general.architecture")

    def size(name: str, default: int) -> int:
        value = file.value(f"{architecture}.{name}")
        return value if isinstance(value, int) and value > 0 else default

    heads = size("attention.head_count", 1)
    width = size("embedding_length", 0) // heads
    keys, values = (size(f"attention.{part}_length", width) for part in ("key", "value"))
    return size("block_count", 1) * size("attention.head_count_kv", heads) * (keys + values) * _BYTES


def _memory() -> int | None:
    """Bytes of this machine's memory, `None` where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
