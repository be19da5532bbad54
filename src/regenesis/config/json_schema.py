"""The JSON Schema of a run's config, by which editors complete and check YAML.

python -m regenesis.config.json_schema          writes `config.schema.json` beside this file anew

What another package registers is not in it: an engine or method of any other name may have any fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from regenesis.config.schema import RunConfig
from regenesis.config.starting import SCHEMA
from regenesis.engines.catalogue import CATALOGUE as ENGINES
from regenesis.engines.catalogue import engine_class
from regenesis.engines.config import EngineConfig
from regenesis.methods.base import MethodSection
from regenesis.methods.catalogue import CATALOGUE as METHODS
from regenesis.methods.catalogue import DEFAULT as DEFAULT_METHOD
from regenesis.methods.catalogue import method_class
from regenesis.section import MARKS, Section, explanations, sections_in
from regenesis.tasks.config import TaskConfig

_DIALECT = "http://json-schema.org/draft-07/schema#"
"""What the YAML language server of editors reads best."""


def json_schema() -> dict[str, Any]:
    """The schema as plain JSON types."""
    engines = {kind: engine_class(kind) for kind in ENGINES.built_in}
    methods = {name: method_class(name).Config for name in METHODS.built_in}
    models: list[type[Section]] = [
        RunConfig,
        EngineConfig,
        MethodSection,
        TaskConfig,
        *engines.values(),
        *methods.values(),
    ]
    names, top = models_json_schema([(model, "validation") for model in models], ref_template="#/definitions/{model}")
    found: dict[str, Any] = top["$defs"]
    titles = {model: names[model, "validation"]["$ref"].rpartition("/")[2] for model in models}
    explained = {one.__name__: explanations(one) for model in models for one in _with_inner(model)}
    for title, definition in found.items():
        for name, field in definition.get("properties", {}).items():
            for mark in MARKS:
                field.pop(mark, None)
            if text := explained.get(title, {}).get(name):
                definition["properties"][name] = dict(sorted({**field, "description": text}.items()))
    kinds = {kind: titles[section] for kind, section in engines.items()}
    found[titles[EngineConfig]] = _one_of(found, "kind", kinds)
    named = {name: titles[section] for name, section in methods.items()}
    found[titles[MethodSection]] = _one_of(found, "name", named, DEFAULT_METHOD)
    # a task's short form: its name, or name and split
    task = titles[TaskConfig]
    found[f"{task}Fields"] = found[task]
    found[task] = {"anyOf": [{"type": "string"}, {"$ref": f"#/definitions/{task}Fields"}]}
    root = found.pop(titles[RunConfig])
    return {"$schema": _DIALECT, **root, "title": "regenesis run config", "definitions": dict(sorted(found.items()))}


def _with_inner(section: type[Section]) -> Iterator[type[Section]]:
    """A section and all that its fields are made of."""
    yield section
    for field in section.model_fields.values():
        for inner in sections_in(field.annotation):
            yield from _with_inner(inner)


def _one_of(
    found: Mapping[str, Any], field: str, titles: Mapping[str, str], default: str | None = None
) -> dict[str, Any]:
    """A section whose fields depend on the name in one of them; one of another name may have any.

    Args:
        found: The definitions.
        field: The field that holds the name.
        titles: The definitions by name.
        default: The name where none is given.
    """
    for name, title in titles.items():
        found[title]["properties"][field] = {**found[title]["properties"][field], "const": name}
    chosen = [
        {"if": _named(field, name, needed=name != default), "then": {"$ref": f"#/definitions/{title}"}}
        for name, title in titles.items()
    ]
    known = {"description": f"{', '.join(titles)}, or `module:Class`.", "type": "string", "examples": list(titles)}
    return {
        "type": "object",
        "properties": {field: known},
        "required": [] if default else [field],
        "allOf": chosen,
    }


def _named(field: str, name: str, *, needed: bool) -> dict[str, Any]:
    return {"properties": {field: {"const": name}}, **({"required": [field]} if needed else {})}


def as_text() -> str:
    """The schema as the file holds it."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(as_text(), "utf-8")
