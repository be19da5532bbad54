r"""Whether a list holds conjugates, `1+\sqrt{2}` and `1-\sqrt{2}`: then it lists the roots of an equation.

hold_conjugates(formula(r"3, 1+\sqrt{2}, 1-\sqrt{2}").parts)  # True
"""

from __future__ import annotations

from fractions import Fraction

from regenesis.answers.formulas.nodes import Node
from regenesis.answers.formulas.tokens import Unreadable
from regenesis.answers.formulas.values import approximate, exact_value, symbols_of

_SCALAR_OPS = ("add", "multiply", "divide", "power", "negate", "call", "number", "symbol")


def hold_conjugates(items: tuple[Node, ...]) -> bool:
    """Whether two items are irrational with a rational sum and product, as the two roots of an equation are."""
    irrational = []
    for item in items[:20]:
        if item.op in _SCALAR_OPS and not symbols_of(item) and exact_value(item) is None:
            try:
                value = approximate(item, {}).value
            except (ArithmeticError, Unreadable, ValueError):
                continue
            if not value.imag:
                irrational.append(value.real)
    return any(
        one != other and _is_near_rational(one + other) and _is_near_rational(one * other)
        for index, one in enumerate(irrational)
        for other in irrational[index + 1 :]
    )


def _is_near_rational(value: float) -> bool:
    return abs(value) < 10**6 and abs(value - Fraction(value).limit_denominator(100)) < 1e-9
