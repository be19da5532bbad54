"""What a run's method depends on beside its config, as digests: frozen at the start, compared at every later one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from regenesis.methods import Method, MethodSection, make_method
from regenesis.prompts import load_answering
from regenesis.prompts.answering import AnsweringConfig
from regenesis.synthesis.questions import digest
from regenesis.types import Question


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


def solutions_of(method: Method[Any], questions: Sequence[Question]) -> list[str | None]:
    """The worked solutions that a method's outcomes depend on; none for most methods."""
    return [question.solution for question in questions] if method.reads_solutions else []


def digests(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Inputs as short texts: one that is a digest already stays."""
    return {name: value if isinstance(value, str) else digest(value) for name, value in inputs.items()}
