"""How to make a run again: its config, versions, seeds and hashes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from regenesis.pages.sections import Item
from regenesis.report.blocks import Facts, Note
from regenesis.report.figures import value_text
from regenesis.report.html import Html, element, escaped
from regenesis.runs import Status
from regenesis.store.directory import RunDirectory, read_json


def again_items(directory: RunDirectory, status: Status) -> Iterator[Item]:
    """What it takes to make a run again."""
    config = directory.require_started()
    file = shlex.quote(str(directory.config_file))
    yield Facts([("again", f"regenesis run {file} --run-dir runs/again"), ("seed", str(config.seed))], copied=True)
    trained = status.trained or {}
    for title, values in (
        ("Versions", trained.get("versions")),
        ("Hashes", read_json(directory.inputs_file)),
        ("What the dataset comes from", read_json(directory.origin)),
    ):
        rows = list(_plain(values))
        if rows:
            yield Note(title, "strong")
            yield Facts(rows)
    text = directory.config_text() or ""
    yield element("details", element("summary", Html("config.yaml")), element("pre", escaped(text), class_="config"))


def _plain(values: Any) -> Iterator[tuple[str, str]]:
    for name, value in (values if isinstance(values, Mapping) else {}).items():
        if isinstance(value, str | int | float) and value != "":
            yield name, value_text(value)
