"""Do two configs ask the same? What may differ when a run is resumed is said on each field: `section.MAY_DIFFER`, and
`section.EXTENDS` where the run goes on with what is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic.fields import FieldInfo

from regenesis.config.schema import RunConfig
from regenesis.section import Section, extends, may_differ

_Passed = Callable[[FieldInfo], bool]
"""Says of a field that it is not compared."""


def differences(frozen: RunConfig, wanted: RunConfig) -> list[str]:
    """Names what differs between two configs among the fields that shape recorded requests."""
    return list(_compared(frozen, wanted, "", lambda field: may_differ(field) or extends(field)).values())


def extensions(frozen: RunConfig, wanted: RunConfig) -> list[str]:
    """Names what differs among the fields with which a run goes on with what is recorded."""
    left = set(differences(frozen, wanted))
    return [line for line in section_differences(frozen, wanted).values() if line not in left]


def section_differences(frozen: Section, wanted: Section, prefix: str = "") -> dict[str, str]:
    """What differs between two sections among the fields that may not, by dotted name, as a line each.

    Args:
        frozen: The one that something was started with.
        wanted: The one of now.
        prefix: Where they stand.
    """
    return _compared(frozen, wanted, prefix, may_differ)


def _compared(frozen: Section, wanted: Section, prefix: str, passed: _Passed) -> dict[str, str]:
    before, after = (dict(_shaping(one, one.model_dump(mode="json"), passed, prefix)) for one in (frozen, wanted))
    return {
        name: f"{name}: {before.get(name)!r} → {after.get(name)!r}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _shaping(value: Any, plain: Any, passed: _Passed, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and plain values of all that is compared.

    Args:
        value: A section, or what stands in one.
        plain: The same in plain types.
        passed: Says of a field that it is not compared.
        prefix: Where it stands.
    """
    if isinstance(value, Section):
        names = [name for name, field in type(value).model_fields.items() if not passed(field)]
        parts = [(name, getattr(value, name), plain[name]) for name in names]
    elif isinstance(plain, dict) and plain:
        parts = [(name, item, item) for name, item in plain.items()]
    elif isinstance(plain, list) and any(isinstance(item, dict) for item in plain):
        parts = [(str(index), *pair) for index, pair in enumerate(zip(value, plain, strict=True))]
    else:
        yield prefix, plain
        return
    for name, item, plain_item in parts:
        yield from _shaping(item, plain_item, passed, f"{prefix}.{name}" if prefix else name)
