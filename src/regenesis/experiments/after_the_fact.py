"""Finished runs compared that no experiment has planned.

compare_folders([(None, Path("runs/a")), ("ours", Path("runs/b"))])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from regenesis.errors import ConfigError
from regenesis.experiments.caveats import caveats
from regenesis.experiments.comparing import Comparison, compare_runs
from regenesis.experiments.results import FinishedRun, read_run

Named = tuple[str | None, Path]
"""A method's label, or `None` to call it by its folder, and the folder of a run."""


def compare_folders(folders: Sequence[Named], *, baselines: Sequence[str] | None = None) -> Comparison:
    """Compares the runs in some folders; those of one label are seeds of one method.

    Args:
        folders: The folders, in the order of the tables.
        baselines: Labels of the methods to compare with; all others if left out.

    Raises:
        ConfigError: A label or a folder is not as it has to be.
        RunError: A run is not finished, or is damaged.
    """
    runs = read_folders(folders)
    unlike = caveats(runs)
    unknown = [label for label in baselines or () if label not in {run.label for run in runs}]
    if unknown:
        known = ", ".join(dict.fromkeys(run.label for run in runs))
        raise ConfigError(f"--baseline {unknown[0]}: is none of {known}.")
    return compare_runs(_as_one_set(runs), baselines=baselines, caveats=unlike)


def read_folders(folders: Sequence[Named]) -> list[FinishedRun]:
    """Reads the runs in some folders, labelled.

    Raises:
        ConfigError: A folder is named twice.
        RunError: A run is not finished, or is damaged.
    """
    resolved = [folder.resolve() for _, folder in folders]
    twice = next((folder for folder, count in Counter(resolved).items() if count > 1), None)
    if twice is not None:
        raise ConfigError(f"{twice}: is named twice. A run compared with itself says nothing.")
    given = [label for label, _ in folders if label is not None]
    labels: list[str] = []
    for label, folder in folders:
        labels.append(label or _unused(folder.resolve(), [*labels, *given]))
    return [read_run(folder, label=label) for label, (_, folder) in zip(labels, folders, strict=True)]


def _unused(folder: Path, taken: Sequence[str]) -> str:
    """The folder's name, with as many of its parents as tell it apart."""
    parts = list(folder.parts[1:])
    names = ["/".join(parts[-count:]) for count in range(1, len(parts) + 1)]
    return next((name for name in names if name not in taken), str(folder))


def _as_one_set(runs: Sequence[FinishedRun]) -> list[FinishedRun]:
    """The runs as methods on one training set, their seeds paired in order where they are not the same.

    Whoever asks for two runs wants them compared; that they trained on other tasks or with other seeds is a caveat.
    """
    names = list(dict.fromkeys(run.train_on for run in runs))
    by_label: dict[str, list[FinishedRun]] = {}
    for run in runs:
        by_label.setdefault(run.label, []).append(run)
    seeds = [sorted(run.seed for run in some) for some in by_label.values()]
    paired = all(one == seeds[0] and len(set(one)) == len(one) for one in seeds)
    return [
        replace(run, train_on=" or ".join(names), seed=run.seed if paired else place)
        for some in by_label.values()
        for place, run in enumerate(sorted(some, key=lambda run: run.seed))
    ]
