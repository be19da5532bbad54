"""The device that a model runs on, and what it says when its memory is full."""

from __future__ import annotations

from regenesis.errors import EngineError


def chosen_device(stated: str) -> str:
    """The device that a config names; for `auto` a GPU where torch sees one.

    Raises:
        EngineError: There is no such device.
    """
    import torch

    if stated == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(stated)
    except RuntimeError as error:
        raise EngineError(f"engine.device {stated!r}: is no device; write `cpu`, `cuda` or `cuda:1`.") from error
    if kind.type == "cuda" and (kind.index or 0) >= torch.cuda.device_count():
        raise EngineError(f"engine.device {stated!r}: this machine shows {torch.cuda.device_count()} GPUs to torch.")
    return stated


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether torch gave up for want of memory, of a GPU or of the machine."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
