"""Is this machine ready? A list of small checks, each saying what it found and what to do.

    for finding in examine(config=None, run_dir=Path("runs")):
        print(finding.status, finding.check, finding.summary, finding.advice)

Nothing is changed, and nothing fetched but the tokenizer of a model on the hub that is to be trained. `before_a_run` is
what can be told of a training before the first request is paid for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.doctor import engines, machine, stages, template
from regenesis.doctor.subject import Subject
from regenesis.filesystems import usable_path
from regenesis.findings import Finding

if TYPE_CHECKING:
    from regenesis.config import RunConfig

__all__ = ["CHECKS", "Finding", "Subject", "before_a_run", "examine"]


def examine(config: RunConfig | None, run_dir: Path, *, ask: bool = False) -> list[Finding]:
    """Runs every check; with `ask`, and an engine that nothing speaks against, also one that asks it a chain."""
    subject = Subject(config, usable_path(run_dir))
    findings = [finding for check in CHECKS for finding in check(subject)]
    if ask and not any(finding.check in _OF_ENGINES and finding.status == "fail" for finding in findings):
        from regenesis.doctor.asking import check_requests

        findings += check_requests(subject)
    return findings


def before_a_run(config: RunConfig, run_dir: Path, *, trains: bool) -> list[Finding]:
    """What may stand in the way of what follows the synthesis, told before that is paid for; asks no model.

    Args:
        config: The run's config.
        run_dir: The run's folder.
        trains: Whether a training will follow for certain, so that what would stop it fails.

    Returns:
        The findings that are not `ok`.
    """
    subject = Subject(config, run_dir, trains=trains)
    checks = (stages.check_training, template.check_template, template.check_context)
    return [finding for check in checks for finding in check(subject) if finding.status != "ok"]


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
    template.check_template,
    template.check_context,
    machine.check_data_root,
    machine.check_hub,
)
"""In the order they are shown."""
_OF_ENGINES = frozenset({"engine", "model", "adapter", "tasks"})
