"""What a check of this machine says."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: Name of the check.
        status: `ok`; `warn` where something may get in the way; `fail` where a run would stop.
        summary: What was found, in a sentence.
        advice: What to do, empty where there is nothing to do.
    """

    check: str
    status: Status
    summary: str
    advice: str = ""


def version(package: str) -> str | None:
    """The version of an installed package, `None` if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
