"""Giving memory back."""

from __future__ import annotations

import gc


def let_go_of_memory() -> None:
    """Frees what models held that nobody uses any more, on the GPU too; objects that name each other wait for it."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
