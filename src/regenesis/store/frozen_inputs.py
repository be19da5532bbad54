"""What a run's config points at, as written down when it was started, against what it is now.

require_same_inputs(path, {"guidelines": "ab…", "parts": {…}}, {"guidelines": "cd…", "parts": {…}})
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from regenesis.errors import RunError

PARTS = "parts"
"""Under which the parts of inputs that may gain and lose some are written down, by name and id."""


def require_same_inputs(
    run: Path, frozen: Mapping[str, Any], now: Mapping[str, Any], extended: Collection[str] = ()
) -> None:
    """Makes sure that inputs changed no recorded request.

    Args:
        run: The run's folder, for the error.
        frozen: Digests by name, as written down, and those of parts under `parts`.
        now: The same as they are now.
        extended: Names of those that are known to have changed no recorded request.

    Raises:
        RunError: Some did, or may have; they are named.
    """
    before, after = frozen.get(PARTS), now.get(PARTS)
    changed = sorted(
        name
        for name in now
        if name != PARTS
        and name not in extended
        and frozen.get(name) != now[name]
        and not _agree(_part(before, name), _part(after, name))
    )
    if changed:
        raise RunError(
            f"{run}: the {' and the '.join(changed)} changed since the run was started. "
            "Restore them to resume, or give another --run-dir."
        )


def _part(parts: Any, name: str) -> Any:
    return parts.get(name) if isinstance(parts, Mapping) else None


def _agree(before: Any, now: Any) -> bool:
    """Whether the parts that an input had and still has are the same; there has to be one."""
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return False
    common = before.keys() & now.keys()
    return bool(common) and all(before[name] == now[name] for name in common)
