"""Do two configs ask the same? What may differ when a run is resumed is said on each field (`section.MAY_DIFFER`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from regenesis.config.schema import RunConfig
from regenesis.section import Section, may_differ


def differences(frozen: RunConfig, wanted: RunConfig) -> list[str]:
    """Names what differs between two configs among the fields that shape a run's requests and data."""
    return list(section_differences(frozen, wanted).values())


def section_differences(frozen: Section, wanted: Section, prefix: str = "") -> dict[str, str]:
    """What differs between two sections among the fields that may not, by dotted name, as a line each.

    Args:
        frozen: The one that something was started with.
        wanted: The one of now.
        prefix: Where they stand.
    """
    before, after = (dict(_shaping(one, one.model_dump(mode="json"), prefix)) for one in (frozen, wanted))
    return {
        name: f"{name}: {before.get(name)!r} → {after.get(name)!r}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _shaping(value: Any, plain: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and plain values of all that may not differ.

    Args:
        value: A section, or what stands in one.
        plain: The same in plain types.
        prefix: Where it stands.
    """
    if isinstance(value, Section):
        names = [name for name, field in type(value).model_fields.items() if not may_differ(field)]
        parts = [(name, getattr(value, name), plain[name]) for name in names]
    elif isinstance(plain, dict) and plain:
        parts = [(name, item, item) for name, item in plain.items()]
    elif isinstance(plain, list) and any(isinstance(item, dict) for item in plain):
        parts = [(str(index), *pair) for index, pair in enumerate(zip(value, plain, strict=True))]
    else:
        yield prefix, plain
        return
    for name, item, plain_item in parts:
        yield from _shaping(item, plain_item, f"{prefix}.{name}" if prefix else name)
