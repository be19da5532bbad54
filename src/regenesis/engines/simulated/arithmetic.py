"""Arithmetic questions: found in a text, worked out step by step, with a slip on purpose where one is wanted.

found = find("The baker counts loaves. What is (3 + 4) * 5?")
found.premise, found.expression        # "The baker counts loaves.", "(3 + 4) * 5"
work_out(found.expression).answer      # 35
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

_QUESTION = re.compile(r"\bWhat is ([\d(][\d+\-*() ]{0,200})\?")
_LARGEST = 10**15
_SYMBOLS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A question whose answer can be worked out.

    Attributes:
        premise: What stands before it on its line; questions with the same premise are one group.
        expression: What is asked for: whole numbers, `+`, `-`, `*` and brackets.
    """

    premise: str
    expression: str

    @property
    def operations(self) -> frozenset[str]:
        """The operations in it: some of `+`, `-`, `*`."""
        return frozenset(self.expression) & {"+", "-", "*"}


@dataclass(frozen=True, slots=True)
class Worked:
    """A question worked out.

    Attributes:
        steps: Equations, one an operation.
        answer: The result.
    """

    steps: tuple[str, ...]
    answer: int


def find(text: str) -> Arithmetic | None:
    """The last arithmetic question in a text, `None` if it holds none."""
    for match in reversed(list(_QUESTION.finditer(text))):
        expression = match[1].strip()
        if work_out(expression) is not None:
            premise = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
            return Arithmetic(premise.strip(), expression)
    return None


def work_out(expression: str, slip_at: int | None = None, slip: int = 0) -> Worked | None:
    """Works an expression out, operation by operation; `None` where it is not one.

    Args:
        expression: What to work out.
        slip_at: The step, counted from 0 and modulo their number, whose result is wrong.
        slip: By how much.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    steps: list[str] = []
    operations = sum(isinstance(node, ast.BinOp) for node in ast.walk(tree))
    wrong = slip_at % operations if slip_at is not None and operations else None

    def value_of(node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int(value)) if not isinstance(value, bool):
                return value
            case ast.BinOp(left, operator, right) if type(operator) in _SYMBOLS:
                first, second = value_of(left), value_of(right)
                if max(abs(first), abs(second)) > _LARGEST:
                    raise OverflowError
                result = {"+": first + second, "-": first - second, "*": first * second}[_SYMBOLS[type(operator)]]
                if len(steps) == wrong:
                    result += slip
                steps.append(f"{_bracketed(first)} {_SYMBOLS[type(operator)]} {_bracketed(second)} = {result}")
                return result
        raise ValueError

    try:
        answer = value_of(tree)
    except (ValueError, OverflowError, RecursionError):
        return None
    return Worked(tuple(steps), answer)


def _bracketed(value: int) -> str:
    return str(value) if value >= 0 else f"({value})"
