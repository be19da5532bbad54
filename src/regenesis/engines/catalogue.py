"""Which engines there are, and a config's `engine` section read by the one it names.

    engine: {kind: openai, base_url: …, model: …}     # comes with regenesis
    engine: {kind: sglang, model: …}                  # another package's, by its entry point (`regenesis.engines`)
    engine: {kind: "my_package.engine:EchoConfig"}    # a class that can be imported

What is named is an engine's config, which makes the engine (`EngineConfig.make`). It is imported when it is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from regenesis.engines.config import EngineConfig
from regenesis.errors import ConfigError
from regenesis.plugins import Catalogue

CATALOGUE = Catalogue(
    field="engine.kind",
    noun="engine",
    group="regenesis.engines",
    built_in={
        "openai": "regenesis.engines.openai.config:OpenAIEngineConfig",
        "auto": "regenesis.engines.auto.config:AutoEngineConfig",
        "llamacpp": "regenesis.engines.llamacpp.config:LlamaCppEngineConfig",
        "openvino": "regenesis.engines.openvino.config:OpenVINOEngineConfig",
        "transformers": "regenesis.engines.transformers.config:TransformersEngineConfig",
        "vllm": "regenesis.engines.vllm.config:VLLMEngineConfig",
        "simulated": "regenesis.engines.simulated.config:SimulatedEngineConfig",
    },
)
DEFAULT = "auto"


def engine_kinds() -> list[str]:
    """Kinds that a config may give: those that come with regenesis, then those that other packages register."""
    return CATALOGUE.names()


def engine_class(kind: str) -> type[EngineConfig]:
    """The class of config that an `engine.kind` stands for.

    Raises:
        ConfigError: There is none of that kind, it cannot be imported, or it is no engine's config.
    """
    return CATALOGUE.load(kind, EngineConfig)  # type: ignore[type-abstract]


def default_engine() -> EngineConfig:
    """The engine of a config that names none."""
    return engine_class(DEFAULT).model_validate({"kind": DEFAULT})


def _section(value: Any) -> Any:
    """The section of the engine that it names, as that engine's own class."""
    if isinstance(value, EngineConfig) or not isinstance(value, Mapping):
        return value
    kind = value.get("kind")
    if not isinstance(kind, str) or not (":" in kind or kind in engine_kinds()):
        raise _fault(kind, f"must be one of {', '.join(engine_kinds())}, or `module:Class`")
    try:
        section = engine_class(kind)
    except ConfigError as error:
        raise _fault(kind, str(error).removeprefix(f"{CATALOGUE.field}: ")) from error
    return section.model_validate(value)


def _fault(kind: Any, message: str) -> ValidationError:
    """A fault of the field `kind`, where it stands."""
    # a custom error's text is a template
    wording = PydanticCustomError("engine_kind", "{message}", {"message": message})
    return ValidationError.from_exception_data("engine", [InitErrorDetails(type=wording, loc=("kind",), input=kind)])


EngineField = Annotated[SerializeAsAny[EngineConfig], BeforeValidator(_section)]
"""The type of a config's `engine`."""
