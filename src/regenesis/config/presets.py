"""Presets: sets of values that a config starts from, and how what it states itself is laid over them.

with_preset({"preset": "quick", "method": {"keep": 9}})   # the values of `quick`, with nine paths kept
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import yaml
from pydantic import BaseModel

from regenesis.methods.catalogue import DEFAULT

PRESETS = ("quick", "default", "paper", "paper-text", "star-paper")


def preset_values(name: str) -> dict[str, Any]:
    """The values a preset states, over those of the one that it extends; everything else keeps its default."""
    text = resources.files("regenesis").joinpath("presets", f"{name}.yaml").read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.safe_load(text) or {}
    extended = values.pop("extends", None)
    return values if extended is None else _merge(preset_values(extended), values)


def with_preset(stated: Mapping[str, Any]) -> dict[str, Any]:
    """What a config states, over the values of the preset that it names; a preset that does not exist gives none."""
    name = stated.get("preset", "default")
    values = preset_values(name) if isinstance(name, str) and name in PRESETS else {}
    if _stated_name(stated) not in (None, method_named(values)):
        values.pop("method", None)  # what a preset says of one method says nothing of another
    return _merge(values, stated)


def method_named(config: Mapping[str, Any]) -> str:
    """The name of the method that a config asks for."""
    return _stated_name(config) or DEFAULT


def _stated_name(config: Mapping[str, Any]) -> str | None:
    method = config.get("method")
    name = method.get("name") if isinstance(method, Mapping) else getattr(method, "name", None)
    return name if isinstance(name, str) else None


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, BaseModel):
            # a section made in Python: what it leaves at its default, it does not state
            value = value.model_dump(exclude_unset=True)  # noqa: PLW2901 - the same value in its other form
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
