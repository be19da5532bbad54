"""Which methods there are, and a config's `method` section read by the one it names.

    method: {name: star, samples: 8}              # comes with regenesis
    method: {name: best_of, samples: 8}           # another package's, by its entry point (`regenesis.methods`)
    method: {name: "my_package.best_of:BestOf"}   # a class that can be imported

A method is imported when it is named, and no sooner.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny

from regenesis.errors import ConfigError
from regenesis.methods.base import Method, MethodSection
from regenesis.plugins import Catalogue
from regenesis.prompts import AnsweringPrompt

CATALOGUE = Catalogue(
    field="method.name",
    noun="method",
    group="regenesis.methods",
    built_in={
        "regenesis": "regenesis.methods.regenesis:ReGenesis",
        "rejection": "regenesis.methods.rejection:Rejection",
        "star": "regenesis.methods.star:STaR",
        "lmsi": "regenesis.methods.lmsi:LMSI",
        "gold": "regenesis.methods.gold:Gold",
    },
)
DEFAULT = "regenesis"


def method_names() -> list[str]:
    """Names that a config may give: those that come with regenesis, then those that other packages register."""
    return CATALOGUE.names()


def comes_along(name: str) -> bool:
    """Whether a method comes with regenesis, so that naming it runs nobody else's code."""
    return CATALOGUE.comes_along(name)


def method_class(name: str) -> type[Method[Any]]:
    """The class that a config's `method.name` stands for.

    Raises:
        ConfigError: There is none of that name, it cannot be imported, or it is no method.
    """
    return CATALOGUE.load(name, Method)  # type: ignore[type-abstract]


def make_method(config: MethodSection, answering: AnsweringPrompt) -> Method[Any]:
    """The method of a config.

    Raises:
        ConfigError: Something that it names cannot be used.
    """
    return method_class(config.name)(config, answering)


def _section(value: Any) -> Any:
    """The section of the method that it names, as that method's own class."""
    if isinstance(value, MethodSection) or not isinstance(value, Mapping):
        return value
    name = value.get("name", DEFAULT)
    if not isinstance(name, str):
        raise ValueError(f"`name` must be text, such as one of {', '.join(method_names())}")
    try:
        section = method_class(name).Config
    except ConfigError as error:
        raise ValueError(str(error).removeprefix("method.name: ")) from error
    return section.model_validate({**value, "name": name})


MethodField = Annotated[SerializeAsAny[MethodSection], BeforeValidator(_section)]
"""The type of a config's `method`."""
