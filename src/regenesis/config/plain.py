"""What a config may be made of: plain values that JSON, a database and a server can hold as well.

    check_plain({"engine": {"timeout": math.inf}}, "config.yaml")   # ConfigError: … must be a finite number

YAML can say more than a config means: numbers without end, dates, a list that holds itself, a nest of anchors that
unfolds to gigabytes. Each is refused here, once, with the place where it stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from regenesis.errors import ConfigError

LARGEST_FILE = 1 << 20
"""Bytes of a config file; anything longer is another file given by mistake."""
_DEEPEST = 40
_MOST_VALUES = 50_000
_LARGEST = 2**53
"""Whole numbers beyond this are not the same in JSON, and two of them no longer add up within 64 bits."""


def check_plain(stated: Mapping[str, Any], origin: str) -> None:
    """Checks that a config holds plain values only.

    Raises:
        ConfigError: It does not; the place is named.
    """
    waiting: list[tuple[tuple[str, ...], Any]] = [((), stated)]
    seen = 0
    while waiting:
        place, value = waiting.pop()
        seen += 1
        fault = _fault(value) if len(place) <= _DEEPEST else "is nested too deeply or contains itself"
        if seen > _MOST_VALUES:
            fault = f"the config expands to more than {_MOST_VALUES:,} values"
        if fault is not None:
            # of a place without end the beginning says enough
            where = ".".join(place[:6]) + ("…" if len(place) > 6 else "")
            raise ConfigError(f"{origin}: `{where}`: {fault}.")
        waiting.extend(((*place, _name(key)), item) for key, item in _items(value))


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return value.items()
    return enumerate(value) if isinstance(value, list | tuple) else ()


def _name(key: Any) -> str:
    return ascii(key)[1:-1] if isinstance(key, str) and not key.isprintable() else str(key)[:60]


def _fault(value: Any) -> str | None:
    """What is wrong with one value by itself, `None` if nothing is."""
    if isinstance(value, Mapping):
        odd = [key for key in value if not isinstance(key, str) or _odd_text(key)]
        return f"the key {ascii(odd[0])[:60]} must be plain text" if odd else None
    if value is None or isinstance(value, bool | list | tuple):
        return None
    if isinstance(value, int):
        return None if abs(value) <= _LARGEST else "is a whole number beyond 2^53"
    if isinstance(value, float):
        return None if math.isfinite(value) else f"must be a finite number (got {value})"
    if isinstance(value, str | PurePath):
        return _odd_text(str(value))
    if hasattr(value, "model_fields"):
        return None  # a section made in Python, checked when it was made
    return f"is read as a {type(value).__name__}; put it in quotes to mean text"


def _odd_text(text: str) -> str | None:
    if "\0" in text:
        return "holds a null character, which no name or path can"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a character (a lone surrogate), which no file can"
    return None
