"""What is wrong with a config, in the words of someone who reads YAML.

    "; ".join(name_faults(error))   # unknown key `method.kep`; did you mean `keep`?

pydantic's own wording speaks of dictionaries, instances of classes and tagged unions, and puts the chosen alternative
into a fault's place; none of that stands in the user's file.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from regenesis.engines import EngineConfig, engine_class
from regenesis.errors import ConfigError
from regenesis.methods import MethodSection, method_class
from regenesis.methods.catalogue import DEFAULT
from regenesis.secrets import may_be_shown
from regenesis.section import Section, former_name, sections_in

_ALTERNATIVE = re.compile(r"str|list\[.*|literal\[.*|dict\[.*")
"""How pydantic calls the alternatives of a field that takes several types."""

_WORDINGS: Mapping[str, str] = {
    "list_type": "must be a list",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "string_type": "must be text",
    "path_type": "must be a path",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "int_parsing_size": "must be a whole number of 64 bits",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "invalid_key": "must have string keys",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "too_short": "must hold at least {min_length}",
    "string_pattern_mismatch": "must match {pattern}",
}
_MOST = 5
"""Faults that are told; one mistake can make a fault of every other line."""


def name_faults(error: ValidationError, stated: Mapping[str, Any], whole: type[Section]) -> list[str]:
    """Every fault as a clause that names its place; alternatives of one place are joined to one clause.

    Args:
        error: What pydantic found.
        stated: The config, as it was looked at.
        whole: What it was looked at as.
    """
    faults: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for fault in error.errors():
        parts, section = _read_place([str(part) for part in fault["loc"]], stated, whole)
        where = ".".join(parts)
        kind = fault["type"]
        if kind == "extra_forbidden":
            faults[_unknown(where, fault["input"], section)] = []
        elif kind == "missing":
            faults[f"`{where}` is missing"] = []
        else:
            wording = _WORDINGS.get(kind)
            text = wording.format(**fault.get("ctx", {})) if wording else fault["msg"].removeprefix("Value error, ")
            # a fault of the whole config has no place
            faults.setdefault(f"`{where}`" if where else "", []).append(text)
            if where and kind != "secret" and may_be_shown(repr(fault["input"])):
                values[f"`{where}`"] = fault["input"]
    clauses = [
        where + (_join(texts) if texts else "") + (f" (got {_shorten(values[where])})" if where in values else "")
        for where, texts in faults.items()
    ]
    more = [f"and {len(clauses) - _MOST} more"] if len(clauses) > _MOST + 1 else []
    told = clauses[:_MOST] if more else clauses
    return [*(clause.removeprefix(": ") for clause in told), *more]


def _join(texts: Sequence[str]) -> str:
    """Wordings of one place: ` must be text or a list`, and `: ` before a sentence of its own."""
    if all(text.startswith("must be ") for text in texts):
        return " must be " + " or ".join(dict.fromkeys(text.removeprefix("must be ") for text in texts))
    return (" " if texts[0].startswith("must ") else ": ") + "; ".join(texts)


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _unknown(where: str, value: Any, section: type[Section] | None) -> str:
    """A key that its section does not have, and the one that is probably meant."""
    around, _, name = where.rpartition(".")
    if section is None:
        return f"unknown key `{where}`"
    names = {current: current for current in section.model_fields}
    for current, field in section.model_fields.items():
        earlier, values = former_name(field)
        if earlier == name:
            respelled = values.get(value) if isinstance(value, str) else None
            also = f", and its value `{value}` is now `{respelled}`" if respelled else ""
            return f"`{where}` is now called `{around}.{current}`{also}"
        if earlier is not None:
            names[earlier] = current
    about = section.about_unknown(name)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    known = f"; known here: {', '.join(section.model_fields)}"
    nearest = f"; did you mean `{names[close[0]]}`?" if close else "" if about else known
    return f"unknown key `{where}`{nearest}" + (f"; {about}" if about else "")


def _read_place(location: Sequence[str], stated: Any, whole: type[Section]) -> tuple[list[str], type[Section] | None]:
    """A fault's place as it stands in the YAML, and the section that its last part is, or would be, a field of."""
    parts: list[str] = []
    here: list[type[Section]] = [whole]
    around = here
    for part in location:
        parts.append(part)
        stated = stated.get(part) if isinstance(stated, Mapping) else None
        if not part.isdigit():
            around = here
            field = here[0].model_fields.get(part) if here else None
            here = [_as_it_says(section, stated) for section in sections_in(field.annotation)] if field else []
    if len(parts) > 1 and _ALTERNATIVE.fullmatch(parts[-1]):
        parts.pop()
    return parts, around[0] if around else None


def _as_it_says(section: type[Section], stated: Any) -> type[Section]:
    """The section of the method or engine that a config names, in place of what all of them have."""
    if not isinstance(stated, Mapping):
        return section
    with suppress(ConfigError):  # the fault is the name itself, then
        if section is MethodSection:
            return method_class(str(stated.get("name", DEFAULT))).Config
        if section is EngineConfig:
            return engine_class(str(stated.get("kind")))
    return section
