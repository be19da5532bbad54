"""How many threads a computing library takes."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from math import ceil
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_TIMES = Path("/proc/stat")
_WATCHED = 1.0
"""Seconds over which the machine is watched for other work."""


def cores() -> int:
    """Cores this process may use, which in a container can be fewer than the machine has."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there, _quota() or there)


def free_cores() -> int:
    """Cores that other work leaves to this process at the moment, at least one; takes a second to find out.

    Threads that compute one token together wait for the slowest of them some hundred times a token. One that has to
    share its core holds all of them up, so that fewer threads are faster: on two cores that other work keeps busy,
    OpenVINO writes 26 tokens a second with one thread and 12 with two.
    """
    before, own = _busy_seconds(), time.process_time()
    if before is None:
        return cores()
    time.sleep(_WATCHED)
    after = _busy_seconds() or before
    others = (after - before - (time.process_time() - own)) / _WATCHED
    return free_beside(others, cores(), os.cpu_count() or 1)


def free_beside(others: float, usable: int, there: int) -> int:
    """Cores that are left to this process.

    Args:
        others: How many cores other work keeps busy.
        usable: Cores that this process may use.
        there: Cores of the machine.
    """
    return max(1, min(usable, round(there - others)))


def _busy_seconds() -> float | None:
    """Seconds for which cores have been busy since the machine's start; `None` where the system does not tell."""
    try:
        return busy_ticks(_TIMES.read_text("ascii").split("\n", 1)[0].split()[1:]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def busy_ticks(fields: Sequence[str]) -> int:
    """Busy ticks of the first line of `/proc/stat`; not those of processes that are nice, which give way."""
    user, _, system, _, _, interrupts, soft_interrupts, stolen = (int(field) for field in fields[:8])
    return user + system + interrupts + soft_interrupts + stolen


def _quota() -> int | None:
    """Cores that a container's quota comes to, `None` where there is none."""
    try:
        return quota_of(_QUOTA.read_text("ascii"))
    except (OSError, ValueError):
        return None


def quota_of(text: str) -> int | None:
    """Cores of what a control group's `cpu.max` says, rounded up; `None` for no limit."""
    limit, _, period = text.strip().partition(" ")
    return None if limit == "max" else max(1, ceil(int(limit) / int(period)))
