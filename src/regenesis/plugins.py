"""Classes that a config names: those that come along, those that other packages register, and any by `module:Class`.

    ENGINES = Catalogue("engine.kind", "engine", "regenesis.engines", {"openai": "…:OpenAIEngineConfig"})
    ENGINES.load("openai", EngineConfig)      # the class, imported at this moment and no sooner

Another package registers a class as an entry point of the catalogue's group; no name that comes along can be taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from operator import attrgetter
from typing import TypeVar

from regenesis.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a field of the config can name.

    Attributes:
        field: The field, as errors name it.
        noun: What it names.
        group: The entry-point group in which other packages register theirs.
        built_in: Those that come along, by name: `module:Class`.
    """

    field: str
    noun: str
    group: str
    built_in: Mapping[str, str]

    def names(self) -> list[str]:
        """The names there are: those that come along, then those that other packages register."""
        registered = {point.name for point in entry_points(group=self.group)}
        return [*self.built_in, *sorted(registered - self.built_in.keys())]

    def comes_along(self, name: str) -> bool:
        """Whether what is named comes with regenesis, so that naming it runs nobody else's code."""
        return name in self.built_in

    def load(self, name: str, base: type[T]) -> type[T]:
        """The class that a name stands for.

        Args:
            name: A name, or `module:Class`.
            base: What it has to be derived from.

        Raises:
            ConfigError: There is none of that name, it cannot be imported, or it is something else.
        """
        target = self.built_in.get(name) or self._registered(name) or (name if ":" in name else None)
        if target is None:
            raise ConfigError(
                f"{self.field}: there is no {self.noun} {name!r}; there are {', '.join(self.names())}. Name one of "
                "your own as `module:Class`."
            )
        module, _, attribute = target.partition(":")
        try:
            found = attrgetter(attribute)(import_module(module))
        except Exception as error:  # a stranger's module may fail in any way while it is imported
            raise ConfigError(
                f"{self.field}: {target!r} cannot be imported ({type(error).__name__}: {error}). Install its package, "
                "or put its folder into PYTHONPATH."
            ) from error
        if not (isinstance(found, type) and issubclass(found, base)):
            raise ConfigError(
                f"{self.field}: {target!r} is not a class derived from {base.__module__}.{base.__name__}."
            )
        return found

    def _registered(self, name: str) -> str | None:
        points = entry_points(group=self.group, name=name)
        return next((f"{point.module}:{point.attr}" for point in points), None)
