"""What a run's method depends on beside its config, as digests: frozen at the start, compared at every later one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from regenesis.methods import Method, MethodSection, make_method
from regenesis.prompts import load_answering
from regenesis.prompts.answering import AnsweringConfig
from regenesis.store.outcomes import fingerprint
from regenesis.synthesis.questions import digest
from regenesis.types import Question

if TYPE_CHECKING:
    from regenesis.config import RunConfig


def method_of(method: MethodSection, answering: AnsweringConfig) -> Method[Any]:
    """The method that its section names, ready to be asked about itself.

    Raises:
        ConfigError: Something that it names cannot be used.
    """
    return make_method(method, load_answering(answering))


def shown_to(method: Method[Any], questions: Sequence[Question]) -> list[Question]:
    """The questions as a method is handed them: without gold answers and solutions where it reads none."""
    if not method.reads_gold:
        return [replace(question, gold=None, solution=None, scoring={}) for question in questions]
    if not method.reads_solutions:
        return [replace(question, solution=None) for question in questions]
    return list(questions)


def fingerprint_of(config: RunConfig, method: Method[Any], questions: Sequence[Question]) -> str:
    """What the outcomes of questions are derived by."""
    return fingerprint(
        config.seed,
        config.method.model_dump(mode="json"),
        config.curation.model_dump(mode="json"),
        method.inputs(),
        method.unspeakable,
        *solutions_of(method, questions),
    )


def solutions_of(method: Method[Any], questions: Sequence[Question]) -> list[str | None]:
    """The worked solutions that a method's outcomes depend on; none for most methods."""
    return [question.solution for question in questions] if method.reads_solutions else []


def digests_of_parts(method: Method[Any]) -> dict[str, dict[str, str]]:
    """Digests of the parts of those inputs of a method that may gain and lose some."""
    growing = method.growing_inputs()
    return {name: {part: digest([value]) for part, value in parts.items()} for name, parts in growing.items() if parts}


def digests(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Inputs as short texts: one that is a digest already stays."""
    return {name: value if isinstance(value, str) else digest(value) for name, value in inputs.items()}
