"""What a command line wants compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.errors import ConfigError

if TYPE_CHECKING:
    from regenesis.experiments.comparing import Comparison


def chosen(targets: Sequence[str], baselines: Sequence[str] | None = None) -> Comparison:
    """The comparison of some runs, each given as `RUN` or `LABEL=RUN`.

    Raises:
        ConfigError: A target cannot be meant.
        RunError: A run is not finished, or is damaged.
    """
    from regenesis.experiments.after_the_fact import compare_folders

    return compare_folders([_named(target) for target in targets], baselines=baselines)


def _named(target: str) -> tuple[str | None, Path]:
    """A label, where one is given, and a run's folder."""
    label, separator, folder = target.partition("=")
    if not separator or Path(target).exists():
        return None, Path(target)
    if not label or not folder:
        raise ConfigError(f"{target!r}: give LABEL=RUN, or RUN alone.")
    return label, Path(folder)
