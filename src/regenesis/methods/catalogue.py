"""Which methods there are, and a config's `method` section read by the one it names.

    method: {name: star, samples: 8}              # comes with regenesis
    method: {name: best_of, samples: 8}           # another package's, by its entry point (`regenesis.methods`)
    method: {name: "my_package.best_of:BestOf"}   # a class that can be imported

A method is imported when it is named, and no sooner.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny

from regenesis.errors import ConfigError
from regenesis.methods.base import Method, MethodSection
from regenesis.prompts import AnsweringPrompt

GROUP = "regenesis.methods"
"""The entry-point group in which other packages register methods."""
DEFAULT = "regenesis"
_BUILT_IN = {
    "regenesis": "regenesis.methods.regenesis:ReGenesis",
    "rejection": "regenesis.methods.rejection:Rejection",
    "star": "regenesis.methods.star:STaR",
    "lmsi": "regenesis.methods.lmsi:LMSI",
    "gold": "regenesis.methods.gold:Gold",
}


def method_names() -> list[str]:
    """Names that a config may give: those that come with regenesis, then those that other packages register."""
    return [*_BUILT_IN, *sorted(point.name for point in entry_points(group=GROUP) if point.name not in _BUILT_IN)]


def comes_along(name: str) -> bool:
    """Whether a method comes with regenesis, so that naming it runs nobody else's code."""
    return name in _BUILT_IN


def method_class(name: str) -> type[Method[Any]]:
    """The class that a config's `method.name` stands for.

    Raises:
        ConfigError: There is none of that name, it cannot be imported, or it is no method.
    """
    target = _BUILT_IN.get(name) or _registered(name) or (name if ":" in name else None)
    if target is None:
        raise ConfigError(
            f"method.name: there is no method {name!r}; there are {', '.join(method_names())}. Name one of "
            "your own as `module:Class`."
        )
    module, _, attribute = target.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"method.name: {target!r} cannot be imported ({error}).") from error
    if not (isinstance(found, type) and issubclass(found, Method)):
        raise ConfigError(f"method.name: {target!r} is not a class derived from regenesis.methods.Method.")
    return found


def make_method(config: MethodSection, answering: AnsweringPrompt) -> Method[Any]:
    """The method of a config.

    Raises:
        ConfigError: Something that it names cannot be used.
    """
    return method_class(config.name)(config, answering)


def _registered(name: str) -> str | None:
    points: list[EntryPoint] = [point for point in entry_points(group=GROUP) if point.name == name]
    return points[0].value if points else None


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
