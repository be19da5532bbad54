"""The lock of a run's folder, which the kernel lets go of however the process ends."""

from __future__ import annotations

import fcntl
import time
from contextlib import suppress

_TRIES = 4
_WAIT = 0.05
"""Seconds between two tries."""


def lock(handle: int) -> None:
    """Takes the lock; a few tries, since whoever asks for a run's status holds it for a moment.

    Raises:
        OSError: Another process holds it.
    """
    for _ in range(_TRIES - 1):
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_WAIT)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
