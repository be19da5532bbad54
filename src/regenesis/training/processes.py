"""Which of several training processes this one is, as `torchrun` and `accelerate launch` tell each of them.

if is_first():
    ...  # writes, prints, holds the run
"""

from __future__ import annotations

import os


def is_first() -> bool:
    """Whether this process is the one that writes; the only process is the first."""
    return int(os.environ.get("RANK", "0")) == 0


def count() -> int:
    """How many processes train together, over all nodes."""
    return int(os.environ.get("WORLD_SIZE", "1"))
