"""What every section of a config is made of.

    class BudgetConfig(Section):
        requests: int | None = Field(default=None, ge=0)
        \"\"\"Requests sent.\"\"\"

A section stands beside the code that takes it; `regenesis.config` composes them to a `RunConfig`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from regenesis.types import Sampling


class Section(BaseModel):
    """A part of the config: immutable, and no key in it goes unnoticed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        validate_default=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,  # it may be a key
    )


class SamplingConfig(Section):
    """How tokens are drawn."""

    temperature: float | None = Field(default=0.8, ge=0, le=5)
    """0 is greedy; `null` leaves it to the server."""
    top_p: float | None = Field(default=0.95, gt=0, le=1)
    """Nucleus mass; `null` leaves it to the server."""
    max_tokens: int = Field(default=1024, ge=1)
    """Most new tokens of one completion."""

    def draw(self) -> Sampling:
        """The same as the noun that requests carry."""
        return Sampling(self.temperature, self.top_p, self.max_tokens)


def _off_for_false(value: Any) -> Any:
    return "off" if value is False else value


OffIsAWord = BeforeValidator(_off_for_false)
"""For a field that takes the word `off`: YAML reads a bare `off` as false."""

A_PATH: dict[str, Any] = {"path": True}
"""For a field's `json_schema_extra`: a relative path in it starts at the config file's folder."""


def names_a_path(field: FieldInfo) -> bool:
    """Whether a field says of itself that it holds a path."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("path"))


def is_a_path(value: Path | str | None) -> bool:
    """Whether a value of a field that may name a path does name one, and not something that comes with the package."""
    return isinstance(value, Path) or (isinstance(value, str) and ("/" in value or value.startswith(".")))


def paths_of(section: Section) -> dict[str, Path | str]:
    """The files and folders that a section names, by field."""
    values = {name: getattr(section, name) for name, field in type(section).model_fields.items() if names_a_path(field)}
    return {name: value for name, value in values.items() if is_a_path(value)}
