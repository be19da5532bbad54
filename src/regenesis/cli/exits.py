"""What the exit code of a command says."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes; 2 is a command line that could not be read."""

    DONE = 0
    ERROR = 1
    UNFINISHED = 3
    """A synthesis stopped before its end: a budget ran out, or questions were set aside."""
    NOTHING_KEPT = 4
    """A synthesis finished and kept nothing."""
    NOTHING_READ = 4
    """An evaluation finished, but no answer could be parsed for at least one task; same code: there is no result."""
