"""What a command line wants compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.errors import ConfigError

if TYPE_CHECKING:
    from regenesis.experiments.comparing import Comparison


def chosen(targets: Sequence[str], baselines: Sequence[str] | None = None) -> Comparison:
    """The comparison of what an experiment's folder holds, or of some runs, each given as `RUN` or `LABEL=RUN`.

    Raises:
        ConfigError: A target cannot be meant.
        RunError: A run is not finished, or is damaged.
    """
    from regenesis.experiments.after_the_fact import compare_folders
    from regenesis.experiments.collecting import collect_folder

    experiment = experiment_folder(targets)
    if experiment is not None:
        return collect_folder(experiment, baselines)
    return compare_folders([_named(target) for target in targets], baselines=baselines)


def experiment_folder(targets: Sequence[str]) -> Path | None:
    """The folder of an experiment, where that is what is given.

    Raises:
        ConfigError: It is given together with something else.
    """
    from regenesis.experiments.directory import ExperimentDirectory

    folders = [Path(target) for target in targets if ExperimentDirectory(target).config_file.is_file()]
    if folders and len(targets) > 1:
        raise ConfigError(f"{folders[0]}: is an experiment's folder; give it alone, or the folders of runs.")
    return folders[0] if folders else None


def _named(target: str) -> tuple[str | None, Path]:
    """A label, where one is given, and a run's folder."""
    label, separator, folder = target.partition("=")
    if not separator or Path(target).exists():
        return None, Path(target)
    if not label or not folder:
        raise ConfigError(f"{target!r}: give LABEL=RUN, or RUN alone.")
    return label, Path(folder)
