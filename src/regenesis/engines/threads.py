"""How many threads a computing library takes, and how they wait for one another."""

from __future__ import annotations

import os


def wait_without_spinning() -> None:
    """Lets threads that wait sleep; to be called before the library is loaded, which is when it reads the setting.

    Spinning gains nothing on a quiet machine (llama.cpp: 16.9 against 16.8 tokens a second on two cores), and beside
    other busy processes it takes the core from the very thread that is waited for: less than half the speed with
    llama.cpp, a tenth with torch (4 against 41 tokens a second).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def cores() -> int:
    """Cores this process may use, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
