"""Do two configs ask the same? What may differ when a run is resumed, and what may not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from regenesis.config.schema import RunConfig

OPERATIONAL_FIELDS = frozenset(
    {
        "preset",
        "budget",
        "scheduling",
        "data_root",
        "engine.base_url",
        "engine.api_key_env",
        "engine.headers",
        "engine.max_tokens_field",
        "engine.max_in_flight",
        "engine.timeout",
        "engine.connect_timeout",
        "engine.retry",
        "engine.threads",
        "engine.context",
        "engine.adapter",
        "engine.device",
        "training",
        "evaluation",
        "decontamination",
    }
)
"""Fields that may differ when a run is resumed: they change how fast a run goes, or its later stages,
never what the synthesis asks.

`preset` is one of them because the values that it stands for are compared one by one."""


def differences(frozen: RunConfig, wanted: RunConfig) -> list[str]:
    """Names what differs between two configs among the fields that shape a run's requests and data."""
    before, after = (dict(_flatten(config.model_dump(mode="json"))) for config in (frozen, wanted))
    return [
        f"{name}: {before.get(name)!r} → {after.get(name)!r}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name) and not _is_operational(name)
    ]


def _is_operational(name: str) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:end]) in OPERATIONAL_FIELDS for end in range(1, len(parts) + 1))


def _flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flatten(item, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _flatten(item, f"{prefix}.{index}")
    else:
        yield prefix, value
