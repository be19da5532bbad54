"""What is told, or refused, before the first request of a run is paid for.

look_ahead(config, folder, trains=True, as_json=False)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.errors import ConfigError

if TYPE_CHECKING:
    from regenesis.config import RunConfig
    from regenesis.doctor import Finding


def look_ahead(config: RunConfig, folder: Path, *, trains: bool, as_json: bool) -> None:
    """Prints what may stand in the way of a run's training; nothing where its model is there already.

    Args:
        config: The run's config.
        folder: The run's folder.
        trains: Whether the training follows at once, so that what would stop it is refused now.
        as_json: Whether standard output belongs to a document.

    Raises:
        ConfigError: The training would be refused, when the synthesis is paid for.
    """
    from rich.text import Text

    from regenesis.cli.terminal import console
    from regenesis.doctor import before_a_run
    from regenesis.report.text import neutralise

    if (folder / "model" / "training.json").is_file():
        return
    findings = before_a_run(config, folder, trains=trains)
    if trains:
        for finding in findings:
            if finding.status == "fail":
                raise ConfigError(f"The training would be refused later, so nothing is asked. {_in_words(finding)}")
    for finding in findings:
        console(stderr=as_json).print(Text(neutralise(_in_words(finding)), "yellow"), soft_wrap=True)


def _in_words(finding: Finding) -> str:
    return f"{finding.summary} {finding.advice}".strip()
