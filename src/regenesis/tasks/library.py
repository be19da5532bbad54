"""The catalogue of hub datasets: one YAML file a task in the folder `catalogue`, read into a `CatalogueEntry`.

    entry, configs = find_entry("bbh/navigate")

A field of an entry is a column's name or a template over the row's columns (see `templates`); beside the columns a
template sees `task.kind` and `task.config`, for datasets whose configs differ.
"""

from __future__ import annotations

import difflib
import functools
from importlib import resources
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from regenesis.errors import TaskError
from regenesis.tasks.recipes import Recipe
from regenesis.tasks.templates import Reader, field_reader
from regenesis.types import AnswerKind


class CatalogueEntry(BaseModel):
    """One task of the catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """What a config calls it."""
    title: str
    """What it is, in a line."""
    hub: str | None = None
    """Id of the dataset on the hub; none where the rows come with the package, in a folder beside the task's file."""
    configs: tuple[str, ...] = Field(min_length=1)
    """The dataset's configs. Of several, all are read, in turn; `<name>/<config>` reads one."""
    splits: tuple[str, ...] = Field(min_length=1)
    """Splits whose gold answers are known; the first is read where a config names none."""
    joined: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Splits that the hub does not have under one name: each stands for several of the hub's, read in turn."""
    kind: AnswerKind | dict[str, AnswerKind]
    """How answers compare; by config where they differ."""
    text: str
    """The question. The options of a `choice` question are added below it."""
    gold: str
    """The gold answer."""
    id: str | None = None
    """The row's own id; rows without one are known by a hash of the question."""
    choices: str | None = None
    """The options."""
    solution: str | None = None
    """A worked solution, for methods that train on them; no model is shown it."""
    group: str | None = None
    """What questions share that are not independent of each other: a premise, passage, template or story."""
    where: str | None = None
    """True for rows of the wanted kind; others are left out and counted."""
    licence: str
    """Under which terms the data is published."""
    note: str = ""
    """What else there is to know: rows left out, columns that surprise."""

    @property
    def measuring_split(self) -> str:
        """The split that a model is measured on: `test`, else `validation`, else the first."""
        return next((split for split in ("test", "validation") if split in self.splits), self.splits[0])

    def hub_splits(self, split: str) -> tuple[str, ...]:
        """The splits of the hub's that one of `splits` stands for."""
        return self.joined.get(split, (split,))

    def kind_of(self, config: str) -> AnswerKind:
        """How answers to the questions of one hub config compare."""
        return self.kind[config] if isinstance(self.kind, dict) else self.kind

    def recipe(self, config: str) -> Recipe:
        """How a row of one hub config becomes a question."""
        kind = self.kind_of(config)
        context = {"task": {"kind": kind, "config": config}}

        def reader(source: str) -> Reader:
            read = field_reader(source)
            return lambda row: read({**context, **row})

        return Recipe(
            text=reader(self.text),
            gold=reader(self.gold),
            kind=kind,
            id=reader(self.id) if self.id else None,
            choices=reader(self.choices) if self.choices else None,
            solution=reader(self.solution) if self.solution else None,
            group=reader(self.group) if self.group else None,
            where=reader(self.where) if self.where else None,
        )


@functools.cache
def catalogue() -> tuple[CatalogueEntry, ...]:
    """Every task of the catalogue, by name."""
    folder = resources.files("regenesis.tasks").joinpath("catalogue")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return tuple(_entry(file.name, yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files)


def _entry(file: str, values: Any) -> CatalogueEntry:
    try:
        entry = CatalogueEntry.model_validate(values)
    except ValidationError as error:
        raise TaskError(f"The catalogue's {file} is not valid: {error}") from error
    if isinstance(entry.kind, dict) and set(entry.kind) != set(entry.configs):
        raise TaskError(f"The catalogue's {file} names a kind for other configs than it has.")
    if not set(entry.joined) <= set(entry.splits):
        raise TaskError(f"The catalogue's {file} joins splits under names that are not among its splits.")
    return entry


def task_names() -> list[str]:
    """Names of the tasks in the catalogue."""
    return [entry.name for entry in catalogue()]


def find_entry(name: str) -> tuple[CatalogueEntry, tuple[str, ...]]:
    """The entry that `name` stands for, and which of the hub's configs to read.

    Raises:
        TaskError: There is none; the message offers the nearest names.
    """
    for entry in catalogue():
        if name == entry.name:
            return entry, entry.configs
        config = name.removeprefix(f"{entry.name}/")
        if len(entry.configs) > 1 and config != name:
            if config in entry.configs:
                return entry, (config,)
            raise TaskError(f"The task {entry.name!r} has no part {config!r}{_nearest(config, list(entry.configs))}")
    # of several tasks over one dataset the first, which is the plain one
    by_hub = {entry.hub.casefold(): entry.name for entry in reversed(catalogue()) if entry.hub is not None}
    if name.casefold() in by_hub:
        raise TaskError(f"There is no task {name!r}; the catalogue calls it {by_hub[name.casefold()]!r}.")
    raise TaskError(
        f"There is no task {name!r} in the catalogue{_nearest(name, task_names())} "
        "Your own questions need `file` or `hub`; reasoning-gym tasks start with `rg:`."
    )


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name.casefold(), known, n=3, cutoff=0.5)
    if close:
        return f"; nearest: {', '.join(close)}."
    return f"; there are: {', '.join(known)}."
