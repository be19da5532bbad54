"""Text on its way to the terminal: consoles that take text as it is, and JSON.

    console().print(neutralise(completion.text))
    print_json(plan.to_json())

What a model or a server wrote is data: brackets in it are no markup; `regenesis.report.text` neutralises it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """A console that prints text as it stands: no markup, no emoji codes, no colouring of what looks like a number."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def print_json(value: Any) -> None:
    """Prints one JSON document; whatever a model wrote stays printable ASCII in it."""
    print(json.dumps(value, indent=2, ensure_ascii=True, default=str))
