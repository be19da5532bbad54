"""What is examined: a machine, for a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.engines import EngineConfig, default_engine

if TYPE_CHECKING:
    from regenesis.config import RunConfig


@dataclass(frozen=True, slots=True)
class Subject:
    """This machine for a run of `config` in `run_dir`; with no config, for a run with the defaults.

    Attributes:
        config: The run's config.
        run_dir: The run's folder.
        trains: Whether a training will follow for certain, so that what would stop it fails.
    """

    config: RunConfig | None
    run_dir: Path
    trains: bool = False

    @property
    def engine(self) -> EngineConfig:
        return self.config.engine if self.config else default_engine()


def requirements(*, optional: bool) -> list[str]:
    """Names of the packages that this one asks for: always, or for its extras."""
    stated = metadata.requires("regenesis") or []
    wanted = [
        requirement
        for requirement in stated
        if ("extra ==" in requirement) == optional and not re.search(r"""extra == ["'](dev|docs)["']""", requirement)
    ]
    # an extra that takes in another names the package itself
    return sorted({re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in wanted} - {"regenesis"})
