"""What every section of a config is made of.

    class BudgetConfig(Section):
        requests: int | None = Field(default=None, ge=0)
        \"\"\"Requests sent.\"\"\"

A section stands beside the code that takes it; `regenesis.config` composes them to a `RunConfig`.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from regenesis.types import Sampling


class Section(BaseModel):
    """A part of the config: immutable, and no key in it goes unnoticed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,  # it may be a key
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # what was set, as one would write it; all the defaults of a config fill a screen
        return (one for one in super().__repr_args__() if one[0] in self.model_fields_set)

    def reaches(self) -> Iterator[Reach]:
        """What it and the sections in it name outside of the config's folder: programs, servers, keys, files."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            does = _reach_of(field, value)
            if does is not None:
                yield Reach(name, does)
            for place, section in _sections_of(value):
                yield from (Reach(f"{name}{place}.{reach.field}", reach.does) for reach in section.reaches())

    @classmethod
    def about_unknown(cls, name: str) -> str | None:
        """What to say of a key that this section does not have, other than the nearest one; `None` for nothing."""


class SamplingConfig(Section):
    """Sampling parameters."""

    temperature: float | None = Field(default=0.8, ge=0, le=5)
    """Sampling temperature; 0 is greedy, `null` uses the server's default."""
    top_p: float | None = Field(default=0.95, gt=0, le=1)
    """Nucleus sampling threshold; `null` uses the server's default."""
    max_tokens: int = Field(default=1024, ge=1)
    """Maximum new tokens per completion."""

    def draw(self) -> Sampling:
        """These parameters as the value that requests carry."""
        return Sampling(self.temperature, self.top_p, self.max_tokens)


def _off_for_false(value: Any) -> Any:
    return "off" if value is False else value


OffIsAWord = BeforeValidator(_off_for_false)
"""For a field that takes the word `off`: YAML reads a bare `off` as false."""

# What a field says of itself, for its `json_schema_extra`; several are joined by `|`.

SectionT = TypeVar("SectionT", bound=Section)

A_PATH: dict[str, Any] = {"path": True}
"""A relative path in it starts at the config file's folder."""
A_PROGRAM: dict[str, Any] = {"path": "program"}
"""The same for the path of a program; a name without a folder is looked up in `PATH`."""
_BESIDES = "besides"
EXTENDS: dict[str, Any] = {"extends": True}
"""May differ when a run is resumed, since it changes no recorded request: others may be asked besides, or something
else made of what is recorded. Said of a section, it holds for all of it."""
MAY_DIFFER: dict[str, Any] = {"may_differ": True}
"""May differ when a run is resumed: it changes how fast a run goes, or its later stages, never what the synthesis
asks. Said of a section, it holds for all of it."""

MARKS = ("path", _BESIDES, "extends", "may_differ", "reaches", "formerly", "former_values", "default_was")
"""Names under which a field says something of itself."""


def besides(prefix: str) -> dict[str, Any]:
    """For a field that holds a path: a value with this prefix names something else."""
    return {_BESIDES: prefix}


def reaching(does: str) -> dict[str, Any]:
    """For a field that names something outside of the config's folder, so that a stranger's config asks first.

    Of a field that holds a path it need not be said.

    Args:
        does: What it leads to, as the end of a sentence, with `{}` in the place of the value.
    """
    return {"reaches": does}


def formerly(name: str, **values: str) -> dict[str, Any]:
    """For a field that had another name before: a config frozen then is still read, a user's is told the new name.

    Args:
        name: The earlier name.
        **values: Earlier values that are spelled otherwise now, by their earlier spelling.
    """
    return {"formerly": name, "former_values": values}


def default_was(value: Any) -> dict[str, Any]:
    """For a field that had another default before, its own or a preset's, or came later: what leaving it open meant.

    Runs begun then go on with it (`going_on`), so say it whenever a default changes that shapes requests.
    """
    return {"default_was": value}


def going_on(section: SectionT, begun: SectionT | None = None) -> SectionT:
    """A section with earlier defaults in the place of those of now, in fields that it leaves open.

    Args:
        section: The section.
        begun: The one that a run began with, for a section that the run is gone on with: an earlier default holds where
            this one has it. Left out for a section that was itself frozen: it lacks only fields that came later.
    """
    earlier: dict[str, Any] = {}
    for name, field in type(section).model_fields.items():
        value, then = getattr(section, name), getattr(begun, name, None)
        if isinstance(value, Section):
            if begun is None or type(then) is type(value):
                earlier[name] = going_on(value, then)
        elif name not in section.model_fields_set and "default_was" in _marks(field):
            was = _marks(field)["default_was"]
            earlier[name] = was if begun is None or then == was else value
    changed = {name: value for name, value in earlier.items() if value != getattr(section, name)}
    return section.model_copy(update=changed) if changed else section


def former_name(field: FieldInfo) -> tuple[str | None, dict[str, str]]:
    """The name that a field had before, if any, and its values that are spelled otherwise now."""
    marks = _marks(field)
    return marks.get("formerly"), marks.get("former_values", {})


def may_differ(field: FieldInfo) -> bool:
    """Whether a field says of itself that it may differ when a run is resumed."""
    return bool(_marks(field).get("may_differ"))


def extends(field: FieldInfo) -> bool:
    """Whether a field says of itself that a run goes on with what is recorded when it differs."""
    return bool(_marks(field).get("extends"))


def names_a_path(field: FieldInfo) -> bool:
    """Whether a field says of itself that it holds a path."""
    return bool(_marks(field).get("path"))


def holds_a_path(field: FieldInfo, value: Any) -> bool:
    """Whether a value of a field that may name a path does name one, and not something that comes with a package."""
    if isinstance(value, str):
        other = _marks(field).get(_BESIDES)
        return ("/" in value or value.startswith(".")) and not (other and value.startswith(other))
    return isinstance(value, Path)


def absolute_path(field: FieldInfo, value: Any, base: Path) -> Any:
    """The value of a field with `base` put before a relative path; a value that names no path stays as it is."""
    if not names_a_path(field) or not holds_a_path(field, value):
        return value
    if _marks(field)["path"] == "program":
        # not resolved: the Python of an environment is often a link, and finds its packages by the link's place
        return (base / value).absolute() if len(Path(value).parts) > 1 else value
    return type(value)((base / value).resolve())


def _marks(field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    return extra if isinstance(extra, dict) else {}


@dataclass(frozen=True, slots=True)
class Reach:
    """Something outside of its folder that a config names.

    Attributes:
        field: Where in the config.
        does: What it leads to, as the end of a sentence.
    """

    field: str
    does: str


def _reach_of(field: FieldInfo, value: Any) -> str | None:
    """What a field leads to with this value, `None` where that is nothing outside."""
    does = _marks(field).get("reaches", "reads {}" if names_a_path(field) else None)
    if does is None or not value or (names_a_path(field) and not holds_a_path(field, value)):
        return None
    return str(does).format(", ".join(value) if isinstance(value, list) else value)


def _sections_of(value: Any) -> Iterator[tuple[str, Section]]:
    """The sections that a field's value is or lists, each with its place in the list."""
    if isinstance(value, Section):
        yield "", value
    elif isinstance(value, list):
        yield from ((f".{place}", one) for place, one in enumerate(value) if isinstance(one, Section))


def explanations(section: type[BaseModel]) -> dict[str, str]:
    """What a section says of its fields: the string below each, by the field's name.

    pydantic would read them whenever a section is imported (`use_attribute_docstrings`): a fifth of a second for those
    of a run.
    """
    found: dict[str, str] = {}
    for base in reversed(section.__mro__):
        if issubclass(base, BaseModel) and base.__module__ != BaseModel.__module__:
            [tree] = ast.parse(textwrap.dedent(inspect.getsource(base))).body
            assert isinstance(tree, ast.ClassDef)
            for field, below in pairwise(tree.body):
                match field, below:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                        found[name] = inspect.cleandoc(text)
    return found


def sections_in(annotation: Any) -> list[type[Section]]:
    """The sections that a field's type speaks of, as in `list[TaskConfig]` or `EngineConfig | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [section for part in get_args(annotation) for section in sections_in(part)]
