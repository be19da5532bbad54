"""How to make a run again: its config, versions, seeds and hashes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from regenesis.pages.sections import Item
from regenesis.report.blocks import Facts
from regenesis.report.figures import value_text
from regenesis.report.html import Html, element, escaped
from regenesis.runs import Status
from regenesis.store.directory import RunDirectory, read_json


def again_items(directory: RunDirectory, status: Status) -> Iterator[Item]:
    """What it takes to make a run again."""
    config = directory.require_started()
    run = shlex.quote(str(directory.path))
    yield Facts([("the same run", f"regenesis run config.yaml --run-dir {run}")], copied=True)
    trained = status.trained or {}
    yield Facts([("seed", str(config.seed)), *_flat("version", trained.get("versions"))])
    yield Facts([*_flat("hash", read_json(directory.inputs_file)), *_flat("origin", read_json(directory.origin))])
    text = directory.config_text() or ""
    yield element(
        "details",
        element("summary", Html("config.yaml")),
        element("pre", escaped(text), class_="config"),
    )


def _flat(name: str, values: Any) -> Iterator[tuple[str, str]]:
    for key, value in (values if isinstance(values, Mapping) else {}).items():
        if isinstance(value, str | int | float) and value != "":
            yield f"{name}: {key}", value_text(value)
