"""What a check of this machine is asked about, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from regenesis.config import EngineConfig, LlamaCppEngineConfig, RunConfig

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


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined: this machine for a run of `config` in `run_dir`; with no config, for a run of the defaults.

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
        return self.config.engine if self.config else LlamaCppEngineConfig.model_validate({"kind": "llamacpp"})


def requirements(*, optional: bool) -> list[str]:
    stated = metadata.requires("regenesis") or []
    wanted = [
        requirement
        for requirement in stated
        if ("extra ==" in requirement) == optional and not re.search(r"""extra == ["']dev["']""", requirement)
    ]
    # an extra that takes in another names the package itself
    return sorted({re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in wanted} - {"regenesis"})


def version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
