"""Checks before the first request of a run is paid for: what is reported, and what is refused.

tell_ahead(config, folder, as_json=False)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regenesis.config import RunConfig


def tell_ahead(config: RunConfig, folder: Path, *, as_json: bool) -> None:
    """Prints what changed since the run was started, and what may stand in the way of a training later.

    Args:
        config: The run's config.
        folder: The run's folder.
        as_json: Whether standard output belongs to a document.
    """
    from regenesis.runs.running import changed_since, look_ahead

    # a training is intended where its model is named
    intended = config.training.model is not None
    for text in look_ahead(config, folder, trains=False) if intended else changed_since(config, folder):
        tell(text, as_json=as_json)


def tell(text: str, *, as_json: bool) -> None:
    """Prints something that the user should know before anything is asked."""
    from rich.text import Text

    from regenesis.cli.terminal import console
    from regenesis.report.text import neutralise

    console(stderr=as_json).print(Text(neutralise(text), "yellow"), soft_wrap=True)
