"""Is this machine ready? A list of small checks, each saying what it found and what to do.

    for finding in examine(config=None, run_dir=Path("runs")):
        print(finding.status, finding.check, finding.summary, finding.advice)

Nothing is changed or fetched. The network is asked for two things only, each with a short time-out: the servers that
the config names, and whether the model hub answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from regenesis.config import RunConfig
from regenesis.doctor import engines, machine, stages
from regenesis.doctor.findings import Finding, Subject

__all__ = ["CHECKS", "Finding", "Subject", "examine"]


def examine(config: RunConfig | None, run_dir: Path) -> list[Finding]:
    """Runs every check."""
    subject = Subject(config, run_dir)
    return [finding for check in CHECKS for finding in check(subject)]


CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    machine.check_python,
    machine.check_packages,
    machine.check_extras,
    machine.check_machine,
    machine.check_run_folder,
    machine.check_cache,
    engines.check_engines,
    stages.check_tasks,
    stages.check_training,
    machine.check_data_root,
    machine.check_hub,
)
"""In the order they are shown."""
