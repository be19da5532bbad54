"""Fields of the config by the names they had before, and back (`section.formerly` says them on the field).

    current_names(RunConfig, {"training": {"epochs": 2}})         # {"training": {"num_train_epochs": 2}}
    former_names(TrainingConfig, {"num_train_epochs": 2})         # {"epochs": 2}

Runs keep their config, and trained models what they were trained with: both are read for as long as they exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regenesis.section import Section, former_name, sections_in


def current_names(section: type[Section], stated: Mapping[str, Any]) -> dict[str, Any]:
    """What a section stated, under the names of now; keys that it never had stay as they are."""
    named = dict(stated)
    for name, field in section.model_fields.items():
        earlier, values = former_name(field)
        if earlier is not None and earlier in named and name not in named:
            value = named.pop(earlier)
            named[name] = values.get(value, value) if isinstance(value, str) else value
        if isinstance(named.get(name), Mapping):
            for below in sections_in(field.annotation):
                named[name] = current_names(below, named[name])
    return named


def former_names(section: type[Section], stated: Mapping[str, Any]) -> dict[str, Any]:
    """What a section states, under the first names of its fields; different values stay different."""
    named: dict[str, Any] = {}
    for name, value in stated.items():
        field = section.model_fields.get(name)
        if field is None:
            named[name] = value
            continue
        earlier, values = former_name(field)
        if isinstance(value, Mapping):
            for below in sections_in(field.annotation):
                value = former_names(below, value)  # noqa: PLW2901 - the same value in its earlier form
        named[earlier or name] = _former_value(value, values)
    return named


def _former_value(value: Any, values: Mapping[str, str]) -> Any:
    for earlier, now in values.items():
        if value == now:
            return earlier
        if value == earlier:
            return [value]  # spelled as something else was spelled before
    return value
