"""Evaluates a formula's tree: exactly where it is a rational constant, else approximately at chosen points.

exact_value(parse_formula("2^{10} + 1/2"))  # Fraction(2049, 2)
"""

from __future__ import annotations

import cmath
import hashlib
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple

from regenesis.answers.formulas.nodes import Node
from regenesis.answers.formulas.tokens import Unreadable

_MOST_BITS = 40_000
_LARGEST_FACTORIAL = 3_000
_EPSILON = 2.3e-16


class Approximate(NamedTuple):
    """A complex number and a bound on how far off it may be."""

    value: complex
    error: float


Point = Mapping[str, float]


def symbols_of(node: Node) -> frozenset[str]:
    """Names of a tree's free symbols; e, i and pi are constants."""
    if node.op == "symbol":
        return frozenset() if node.value in ("e", "i", "pi") else frozenset([str(node.value)])
    return frozenset().union(*(symbols_of(part) for part in node.parts))


def exact_value(node: Node) -> Fraction | None:
    """The value of a rational constant, or `None` where it is no such thing or grows beyond 40,000 bits."""
    if node.op == "number":
        return node.value if isinstance(node.value, Fraction) else None
    rule = _EXACT.get(node.op)
    if rule is None:
        return None
    parts = [exact_value(part) for part in node.parts]
    if any(part is None for part in parts):
        return None
    value = rule(node, [part for part in parts if part is not None])
    if value is not None and value.numerator.bit_length() + value.denominator.bit_length() > _MOST_BITS:
        return None
    return value


def _exact_power(_: Node, parts: list[Fraction]) -> Fraction | None:
    base, exponent = parts
    if exponent.denominator != 1:
        return None
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if abs(exponent) * bits > _MOST_BITS or (not base and exponent < 0):
        return None
    return base ** int(exponent)


def _exact_factorial(_: Node, parts: list[Fraction]) -> Fraction | None:
    value = parts[0]
    if value.denominator != 1 or not 0 <= value <= _LARGEST_FACTORIAL:
        return None
    return Fraction(math.factorial(int(value)))


def _exact_call(node: Node, parts: list[Fraction]) -> Fraction | None:
    name = node.value
    if name == "abs":
        return abs(parts[0])
    if name == "floor":
        return Fraction(math.floor(parts[0]))
    if name == "ceil":
        return Fraction(math.ceil(parts[0]))
    if name in ("max", "min"):
        return max(parts) if name == "max" else min(parts)
    if name == "root":
        return _exact_root(parts[0], parts[1])
    whole = [int(part) for part in parts if part.denominator == 1]
    if len(whole) != len(parts):
        return None
    if name in ("gcd", "lcm"):
        return Fraction(math.gcd(*whole) if name == "gcd" else math.lcm(*whole))
    if name == "binom" and 0 <= whole[1] <= whole[0] <= _LARGEST_FACTORIAL:
        return Fraction(math.comb(whole[0], whole[1]))
    return None


def _exact_root(value: Fraction, degree: Fraction) -> Fraction | None:
    if degree != 2 or value < 0:
        return None
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    return Fraction(top, bottom) if top * top == value.numerator and bottom * bottom == value.denominator else None


def _exact_ratio(_: Node, parts: list[Fraction]) -> Fraction | None:
    return parts[0] / parts[1] if parts[1] else None


_EXACT: dict[str, Callable[[Node, list[Fraction]], Fraction | None]] = {
    "add": lambda _, parts: sum(parts, Fraction(0)),
    "negate": lambda _, parts: -parts[0],
    "multiply": lambda _, parts: parts[0] * parts[1],
    "divide": _exact_ratio,
    "ratio": _exact_ratio,
    "percent": lambda _, parts: parts[0] / 100,
    "power": _exact_power,
    "factorial": _exact_factorial,
    "call": _exact_call,
}


def approximate(node: Node, point: Point) -> Approximate:
    """Value of a tree with its symbols at `point`.

    Raises:
        Unreadable: The tree is no scalar expression.
        ArithmeticError: It has no finite value there.
    """
    if node.op == "number":
        value = _float(node.value) if isinstance(node.value, Fraction) else 0.0
        return Approximate(complex(value), abs(value) * _EPSILON)
    if node.op == "symbol":
        return Approximate(complex(_CONSTANTS.get(str(node.value), point.get(str(node.value), 0.0))), 0.0)
    known = exact_value(node) if not node.parts or node.op in ("factorial", "call") else None
    if known is not None:
        return Approximate(complex(_float(known)), abs(_float(known)) * _EPSILON)
    rule = _APPROXIMATE.get(node.op)
    if rule is None:
        raise Unreadable(node.op)
    found = rule(node, [approximate(part, point) for part in node.parts])
    if not cmath.isfinite(found.value) or not math.isfinite(found.error):
        raise OverflowError(node.op)
    return found


def _float(value: Fraction) -> float:
    return value.numerator / value.denominator


_CONSTANTS: dict[str, complex] = {"e": math.e, "pi": math.pi, "i": 1j}


def _sum(_: Node, parts: list[Approximate]) -> Approximate:
    value = sum(part.value for part in parts)
    return Approximate(value, sum(part.error + abs(part.value) * _EPSILON for part in parts))


def _negated(_: Node, parts: list[Approximate]) -> Approximate:
    # not -value: a minus zero in the imaginary part would choose the other branch of a root
    return Approximate(0j - parts[0].value, parts[0].error)


def _product(_: Node, parts: list[Approximate]) -> Approximate:
    left, right = parts
    value = left.value * right.value
    return Approximate(value, abs(left.value) * right.error + abs(right.value) * left.error + abs(value) * _EPSILON)


def _quotient(_: Node, parts: list[Approximate]) -> Approximate:
    top, bottom = parts
    if abs(bottom.value) <= 4 * bottom.error:
        raise ZeroDivisionError
    value = top.value / bottom.value
    error = (top.error + abs(value) * bottom.error) / abs(bottom.value) + abs(value) * _EPSILON
    return Approximate(value, error)


def _raised(base: Approximate, exponent: Approximate) -> Approximate:
    if not base.value:
        if exponent.value.real > 0:
            return Approximate(0j, base.error)
        raise ZeroDivisionError
    value = base.value**exponent.value
    spread = abs(exponent.value) * base.error / abs(base.value) + abs(cmath.log(base.value)) * exponent.error
    return Approximate(value, abs(value) * (spread + 4 * _EPSILON * (1 + abs(exponent.value))))


def _power(node: Node, parts: list[Approximate]) -> Approximate:
    base, exponent = parts
    if (
        base.value.imag == 0
        and base.value.real < 0
        and not exponent.value.imag
        and not exponent.value.real.is_integer()
    ):
        exact = exact_value(node.parts[1])
        if exact is not None and exact.denominator % 2 == 1:  # a real root, as written with a root sign
            found = _raised(Approximate(-base.value, base.error), exponent)
            return Approximate(-found.value, found.error) if exact.numerator % 2 else found
    return _raised(base, exponent)


def _root(parts: list[Approximate]) -> Approximate:
    base, degree = parts
    odd = degree.value.imag == 0 and degree.value.real % 2 == 1
    inverse = Approximate(1 / degree.value, 0.0)
    if odd and base.value.imag == 0 and base.value.real < 0:
        found = _raised(Approximate(-base.value, base.error), inverse)
        return Approximate(-found.value, found.error)
    return _raised(base, inverse)


def _call(node: Node, parts: list[Approximate]) -> Approximate:
    name = str(node.value)
    if name == "root":
        return _root(parts)
    if name in ("f", "g", "h", "prime"):
        return _unknown_function(name, parts[0])
    if name == "binom":
        rest = _sum(node, [parts[0], _negated(node, parts[1:])])
        return _quotient(node, [_factorial(parts[0]), _product(node, [_factorial(parts[1]), _factorial(rest)])])
    if len(parts) == 1 and name in ("floor", "ceil"):
        return _whole(name, parts[0])
    if len(parts) != 1 or name not in _FUNCTIONS:
        raise Unreadable(name)
    inside = parts[0]
    value = complex(_FUNCTIONS[name](inside.value))
    step = 1e-6 * max(1.0, abs(inside.value))
    slope = abs(complex(_FUNCTIONS[name](inside.value + step)) - value) / step
    return Approximate(value, 2 * slope * inside.error + 4 * _EPSILON * (1 + abs(value)))


def _factorial(inside: Approximate) -> Approximate:
    """The gamma function, so that `n!` and `n(n-1)!` compare at any point."""
    place = inside.value.real
    if inside.value.imag or not -20 < place < 100 or (place < 0 and place.is_integer()):
        raise ArithmeticError("no factorial there")
    value = math.gamma(place + 1)
    return Approximate(complex(value), abs(value) * (10 * inside.error + 16 * _EPSILON))


def _whole(name: str, inside: Approximate) -> Approximate:
    if inside.value.imag or abs(inside.value.real - round(inside.value.real)) <= 64 * inside.error:
        raise ArithmeticError("too close to a whole number to tell")
    value = math.floor(inside.value.real) if name == "floor" else math.ceil(inside.value.real)
    return Approximate(complex(value), 0.0)


def _unknown_function(name: str, inside: Approximate) -> Approximate:
    """An arbitrary but fixed smooth function, another for each name."""
    seed = hashlib.blake2b(name.encode(), digest_size=2).digest()
    value = cmath.cos((1.3 + seed[0] / 256) * inside.value + seed[1] / 100)
    return Approximate(value, 4 * inside.error * (1 + abs(value)) + _EPSILON)


_FUNCTIONS: dict[str, Callable[[complex], complex]] = {
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tan": cmath.tan,
    "cot": lambda value: 1 / cmath.tan(value),
    "sec": lambda value: 1 / cmath.cos(value),
    "csc": lambda value: 1 / cmath.sin(value),
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "tanh": cmath.tanh,
    "asin": cmath.asin,
    "acos": cmath.acos,
    "atan": cmath.atan,
    "ln": cmath.log,
    "log": cmath.log,
    "lg": cmath.log10,
    "exp": cmath.exp,
    "abs": lambda value: complex(abs(value)),
}

_APPROXIMATE: dict[str, Callable[[Node, list[Approximate]], Approximate]] = {
    "add": _sum,
    "negate": _negated,
    "multiply": _product,
    "divide": _quotient,
    "ratio": _quotient,
    "degrees": lambda _, parts: Approximate(parts[0].value * math.pi / 180, parts[0].error),
    "percent": lambda _, parts: Approximate(parts[0].value / 100, parts[0].error / 100),
    "power": _power,
    "factorial": lambda _, parts: _factorial(parts[0]),
    "call": _call,
}


def symbol_points(names: frozenset[str]) -> list[dict[str, float]]:
    """Points to compare expressions at: three with positive coordinates, then two of mixed sign."""
    points: list[dict[str, float]] = []
    for index in range(5):
        point: dict[str, float] = {}
        for name in sorted(names):
            digest = hashlib.blake2b(f"{index}:{name}".encode(), digest_size=8).digest()
            size = 0.3 + 2.2 * int.from_bytes(digest[:7], "big") / 2**56
            point[name] = -size if index >= 3 and digest[7] % 2 == index % 2 else size
        points.append(point)
    return points
