"""How threads of OpenMP wait for one another, which torch, llama.cpp and others ask the environment for when loaded."""

from __future__ import annotations

import os


def wait_without_spinning() -> None:
    """Lets threads that wait sleep; to be called before the library is loaded, which is when it reads the setting.

    Whoever loads such a library calls this, since another part of the program may be the first to load it.

    Spinning gains nothing on a quiet machine (llama.cpp: 16.9 against 16.8 tokens a second on two cores), and beside
    other busy processes it takes the core from the very thread that is waited for: less than half the speed with
    llama.cpp, a tenth with torch (4 against 41 tokens a second).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
