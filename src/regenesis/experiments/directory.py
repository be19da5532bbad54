"""An experiment on disk: its config as frozen, its ledger, and the folders of its cells.

with ExperimentDirectory("experiments/x").locked() as directory:
    directory.freeze(experiment)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import yaml

from regenesis.config import section_differences
from regenesis.errors import RunError
from regenesis.experiments.config import ExperimentConfig, cell_config, load_experiment
from regenesis.store import trust
from regenesis.store.directory import write_whole
from regenesis.store.folder import RunFolder
from regenesis.training.job import WITHOUT_EFFECT

_MAY_GROW = ("evaluation.tasks", "evaluation.samples", "evaluation.in_domain")
"""Of the evaluation: what is recorded stays valid when there is more of it."""


class ExperimentDirectory:
    """The folder of an experiment and the names of what is in it."""

    def __init__(self, path: str | Path) -> None:
        self._folder = RunFolder(path)
        self.path = self._folder.path

    @property
    def config_file(self) -> Path:
        return self.path / "experiment.yaml"

    @property
    def ledger(self) -> Path:
        """Each completion that any cell asked for, once."""
        return self.path / "ledger.sqlite"

    @property
    def identities(self) -> Path:
        """Who the models are, so that reading recorded completions loads none."""
        return self.path / "identities"

    @contextmanager
    def locked(self) -> Iterator[Self]:
        """Holds the experiment for this process.

        Raises:
            RunError: Another process holds it, it lies on a network file system, it cannot be made, or it is a run.
        """
        if self._folder.config_file.exists():
            raise RunError(f"{self.path}: is the folder of a run. Give another --run-dir for the experiment.")
        with self._folder.locked():
            yield self

    def frozen(self) -> ExperimentConfig | None:
        """The experiment as it was last started, `None` before that.

        Raises:
            RunError: The file was changed since, or comes from elsewhere.
            ConfigError: It is not valid.
        """
        if not self.config_file.exists():
            return None
        if not trust.is_trusted(self.config_file):
            raise RunError(
                f"{self.config_file}: was changed since the experiment was started, or comes from elsewhere. Remove it "
                "to go on by your own config; each cell is still compared with what it was started with."
            )
        return load_experiment(self.config_file)

    def freeze(self, experiment: ExperimentConfig) -> list[str]:
        """Writes down the experiment; once started, makes sure that what it says of its cells has not changed.

        Methods, training sets, seeds and evaluation tasks may be added and removed, and other terms may be agreed on.

        Returns:
            What the user should know of: methods, training sets or seeds that are left out from now on.

        Raises:
            RunError: It has changed; what differs is named.
        """
        before = self.frozen()
        if before == experiment:
            return []
        if before is not None and (changed := _changes(before, experiment)):
            listed = "\n".join(f"  {line}" for line in changed)
            raise RunError(
                f"{self.path}: was started with another experiment. What differs (frozen → now):\n{listed}\n"
                "Use the frozen values to resume, or give another --run-dir."
            )
        text = "# Frozen when the experiment was started. Start it again with the same config to go on.\n"
        text += yaml.safe_dump(experiment.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        write_whole(self.config_file, text)
        trust.remember(self.config_file)
        return [] if before is None else _left_out(before, experiment)


def _changes(before: ExperimentConfig, now: ExperimentConfig) -> list[str]:
    """What differs in the cells that both have, a line each."""
    lines = _of_base(before, now)
    for label in before.methods.keys() & now.methods.keys():
        old, new = before.methods[label], now.methods[label]
        lines += [
            f"methods.{label}.{name}: {old.get(name)!r} → {new.get(name)!r}"
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]
    known = {one.name: one for one in before.train_on}
    for one in now.train_on:
        if one.name in known:
            lines += section_differences(known[one.name], one, f"train_on.{one.name}").values()
    return lines


def _of_base(before: ExperimentConfig, now: ExperimentConfig) -> list[str]:
    # of any cell: what it says of its method and its tasks is looked at elsewhere
    old, new = (cell_config(one, next(iter(one.methods)), one.train_on[0].name, one.seeds[0]) for one in (before, now))
    found = {
        name: line
        for name, line in section_differences(old, new).items()
        if name.partition(".")[0] not in ("method", "tasks", "seed")
    }
    found |= {
        name: line
        for name, line in section_differences(old.training, new.training, "training").items()
        if name.split(".")[1] not in WITHOUT_EFFECT
    }
    found |= {
        name: line
        for name, line in section_differences(old.evaluation, new.evaluation, "evaluation").items()
        if not name.startswith(_MAY_GROW)
    }
    return [line if name.startswith("evaluation") else f"base.{line}" for name, line in found.items()]


def _left_out(before: ExperimentConfig, now: ExperimentConfig) -> list[str]:
    sets = [one.name for one in now.train_on]
    gone = {
        "methods": [label for label in before.methods if label not in now.methods],
        "train_on": [one.name for one in before.train_on if one.name not in sets],
        "seeds": [str(seed) for seed in before.seeds if seed not in now.seeds],
    }
    return [
        f"{name}: {', '.join(labels)} no longer in the experiment; what its cells hold stays on disk."
        for name, labels in gone.items()
        if labels
    ]
