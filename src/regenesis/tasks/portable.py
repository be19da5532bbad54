"""Python values as JSON and back, without loss: tuples stay tuples and keys keep their type.

    unpack(json.loads(json.dumps(pack({1: (2, 3)})))) == {1: (2, 3)}

Only types whose value JSON can hold are packed, so unpacking never runs anything.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

_MARK = "~"
_WRITTEN: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "fraction": (Fraction, str, Fraction),
    "decimal": (Decimal, str, Decimal),
    "complex": (complex, str, complex),
    # a datetime is a date too, so it is looked for first
    "datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    "date": (date, date.isoformat, date.fromisoformat),
}
"""Types that are written as text: how, and how they are read back."""
_Gathered = type[tuple[Any, ...]] | type[set[Any]] | type[frozenset[Any]]
_GATHERED: dict[str, _Gathered] = {"tuple": tuple, "set": set, "frozenset": frozenset}


def pack(value: Any) -> Any:
    """`value` in plain JSON types.

    Raises:
        TypeError: It holds something that is neither number, text, date, list, tuple, set nor dictionary.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [pack(item) for item in value]
    for name, gather in _GATHERED.items():
        if isinstance(value, gather):
            # a set has no order of its own, and the same questions must have the same form every time
            ordered = value if gather is tuple else sorted(value, key=repr)
            return {_MARK: name, "items": [pack(item) for item in ordered]}
    for name, (kind, write, _) in _WRITTEN.items():
        if isinstance(value, kind):
            return {_MARK: name, "text": write(value)}
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value) and _MARK not in value:
            return {key: pack(item) for key, item in value.items()}
        return {_MARK: "dict", "items": [[pack(key), pack(item)] for key, item in value.items()]}
    raise TypeError(f"a {type(value).__name__} cannot be stored as JSON")


def unpack(value: Any) -> Any:
    """The value that `pack` made `value` of."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if isinstance(value, dict):
        mark = value.get(_MARK)
        if mark in _GATHERED:
            return _GATHERED[mark](unpack(item) for item in value["items"])
        if mark in _WRITTEN:
            return _WRITTEN[mark][2](value["text"])
        if mark == "dict":
            return {unpack(key): unpack(item) for key, item in value["items"]}
        return {key: unpack(item) for key, item in value.items()}
    return value
