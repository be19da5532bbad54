"""Runs a reasoning-gym task's own scorer; in a worker process only.

    score("18", question.scoring)  # 1.0

Some of those scorers hand the answer to `eval` or to SymPy's `parse_expr`. An answer to such a task is refused
(scored 0) unless it is a plain literal, or arithmetic over a few known names.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

EVALUATE_LITERALS = frozenset(["string_insertion", "spiral_matrix", "rotate_matrix", "binary_matrix", "n_queens"])
"""Tasks whose scorer may evaluate the answer as a Python list."""

EVALUATE_FORMULAS = frozenset(
    ["countdown", "intermediate_integration", "polynomial_multiplication", "puzzle24", "simple_integration"]
)
"""Tasks whose scorer gives the answer to `parse_expr`."""

_LONGEST = 20_000
_LONGEST_FORMULA = 1_000
_HARMLESS = re.compile(r"[A-Za-z0-9_ \n,.-]*")
_FORMULA = re.compile(r"(?:[0-9+\-*/^(), \n]|[0-9]\.[0-9]|\.[0-9]|[A-Za-z]+)*")
_NAME = re.compile(r"[A-Za-z]+")
_NAMES = frozenset(
    ["sin", "cos", "tan", "exp", "log", "ln", "sqrt", "asin", "acos", "atan", "sinh", "cosh", "pi", "Abs"]
)


def score(answer: str, scoring: Mapping[str, Any]) -> float:
    """The task's own score of an answer, from 0 to 1; 0 for an answer that its scorer must not see."""
    if len(answer) > _LONGEST or not _safe(scoring["task"], answer):
        return 0.0
    return _scorer()(answer, scoring)


def _scorer() -> Callable[[str, Mapping[str, Any]], float]:
    """What turns a question's `scoring` back into the task it came from, and has that score an answer.

    It belongs to the room that made the question, which this one must not depend on: hence by name, and only here, in
    the worker.
    """
    scorer: Callable[[str, Mapping[str, Any]], float] = import_module("regenesis.tasks.reasoning_gym").score_entry
    return scorer


def _safe(task: str, answer: str) -> bool:
    if task in EVALUATE_LITERALS:
        return _HARMLESS.fullmatch(answer) is not None or _is_literal(answer)
    if task in EVALUATE_FORMULAS:
        return (
            len(answer) <= _LONGEST_FORMULA
            and _FORMULA.fullmatch(answer) is not None
            and all(len(name) == 1 or name in _NAMES for name in _NAME.findall(answer))
        )
    return True


def _is_literal(answer: str) -> bool:
    try:
        ast.literal_eval(answer.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True
