r"""Sets of real numbers, however they are written: intervals, inequalities, unions, exclusions.

real_set(parse_formula(r"x \ne 2"))  # about x: the open spans from minus infinity to 2 and from 2 to infinity
"""

from __future__ import annotations

import math
from typing import NamedTuple

from regenesis.answers.formulas.nodes import Node
from regenesis.answers.formulas.tokens import Unreadable
from regenesis.answers.formulas.values import approximate, symbols_of

FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!=", "approx": "approx"}
_INFINITE = Node("infinity")
_MINUS_INFINITE = Node("negate", (_INFINITE,))
_MOST_SPANS = 30
_DESCRIBED = ("relation", "in", "union", "difference", "numberset")


class Span(NamedTuple):
    """The real numbers between two ends, each with its tree and its approximate place."""

    low: Node
    low_closed: bool
    high: Node
    high_closed: bool
    start: float
    end: float


class RealSet(NamedTuple):
    """Disjoint spans in order, and the name of the unknown if one was given."""

    name: Node | None
    spans: tuple[Span, ...]


def is_described(node: Node) -> bool:
    """Whether a tree describes a set in more than one pair of brackets, so that pairs in brackets mean intervals."""
    if node.op == "sequence":
        return node.value in ("", "and") and bool(node.parts) and node.parts[0].op in ("relation", "in")
    return node.op in _DESCRIBED


def real_set(node: Node) -> RealSet | None:
    """The set of real numbers that a tree describes; `None` where it describes none that can be told."""
    try:
        found = _set(node)
    except (ArithmeticError, Unreadable):
        return None
    if found is None or not 0 < len(found.spans) <= _MOST_SPANS:
        return None
    return RealSet(found.name, _merged(found.spans))


def _set(node: Node) -> RealSet | None:
    if node.op == "sequence":
        return _from_sequence(node)
    if node.op == "numberset":
        return RealSet(None, (_everything(),)) if node.value == "R" else None
    if node.op == "relation":
        return _from_relation(node)
    if node.op == "in":
        inside = _set(node.parts[1])
        return None if inside is None else RealSet(node.parts[0], inside.spans)
    if node.op not in ("union", "difference"):
        return None
    first, second = _set(node.parts[0]), _set(node.parts[1])
    if first is None or second is None:
        return None
    if node.op == "union":
        return RealSet(None, first.spans + second.spans)
    return RealSet(None, _without(first.spans, second.spans)) if _are_points(second.spans) else None


def _from_sequence(node: Node) -> RealSet | None:
    if node.value == "set":
        return RealSet(None, tuple(_span(part, True, part, True) for part in node.parts))
    if node.value in ("()", "[)", "(]", "[]"):
        if len(node.parts) != 2:
            return None
        brackets = str(node.value)
        span = _span(node.parts[0], brackets[0] == "[", node.parts[1], brackets[1] == "]")
        return RealSet(None, (span,)) if span.start < span.end else None
    return _from_conditions(node.parts) if node.value in ("", "and") else None


def _from_conditions(conditions: tuple[Node, ...]) -> RealSet | None:
    """Conditions on one name: apart from each other they are cases, two that overlap hold together."""
    first = _set(conditions[0])
    if first is None or first.name is None or len(conditions) > _MOST_SPANS:
        return None
    kept = [condition for condition in conditions if condition.op == "in" or _orders(condition)]
    points = [_excluded(condition, first.name) for condition in conditions if condition not in kept]
    if any(point is None for point in points):
        return None
    found = _cases(kept, first.name) if kept else RealSet(first.name, (_everything(),))
    if found is None:
        return None
    return RealSet(first.name, _without(found.spans, tuple(_span(one, True, one, True) for one in points if one)))


def _orders(condition: Node) -> bool:
    return condition.op == "relation" and condition.value != "!="


def _cases(conditions: list[Node], name: Node) -> RealSet | None:
    sets = [_set(condition) for condition in conditions]
    spans = tuple(span for found in sets if found is not None and found.name == name for span in found.spans)
    if len(spans) != len(conditions):
        return None
    if len(_merged(spans)) == len(spans):
        return RealSet(name, spans)
    if len(spans) != 2:
        return None
    low = max(spans, key=lambda span: (span.start, not span.low_closed))
    high = min(spans, key=lambda span: (span.end, span.high_closed))
    return RealSet(name, (Span(low.low, low.low_closed, high.high, high.high_closed, low.start, high.end),))


def _excluded(condition: Node, name: Node) -> Node | None:
    if condition.op != "relation":
        return condition
    return condition.parts[1] if condition.value == "!=" and condition.parts[0] == name else None


def _from_relation(relation: Node) -> RealSet | None:
    sides, signs = relation.parts, str(relation.value).split(" ")
    if len(sides) == 3 and sides[1].op == "symbol":
        low, high = (sides[0], signs[0]), (sides[2], signs[1])
        if all(sign in (">", ">=") for sign in signs):
            low, high = high, low
        elif not all(sign in ("<", "<=") for sign in signs):
            return None
        return RealSet(sides[1], (_span(low[0], "=" in low[1], high[0], "=" in high[1]),))
    if len(sides) != 2 or signs[0] not in ("<", "<=", ">", ">=", "!="):
        return None
    name, bound, sign = sides[0], sides[1], signs[0]
    if name.op not in ("symbol", "call"):
        name, bound, sign = bound, name, FLIPPED[sign]
    if name.op == "call" and name.value == "abs" and name.parts[0].op == "symbol":
        return _within(name.parts[0], bound, sign)
    if name.op != "symbol":
        return None
    closed = "=" in sign
    if sign == "!=":
        return RealSet(name, _without((_everything(),), (_span(bound, True, bound, True),)))
    if sign in (">", ">="):
        return RealSet(name, (_span(bound, closed, _INFINITE, False),))
    return RealSet(name, (_span(_MINUS_INFINITE, False, bound, closed),))


def _within(name: Node, bound: Node, sign: str) -> RealSet | None:
    lowest = Node("negate", (bound,))
    if sign == "!=" or _place(bound) <= 0:
        return None
    if sign in ("<", "<="):
        return RealSet(name, (_span(lowest, sign == "<=", bound, sign == "<="),))
    below, above = _span(_MINUS_INFINITE, False, lowest, sign == ">="), _span(bound, sign == ">=", _INFINITE, False)
    return RealSet(name, (below, above))


def _span(low: Node, low_closed: bool, high: Node, high_closed: bool) -> Span:
    return Span(low, low_closed, high, high_closed, _place(low), _place(high))


def _everything() -> Span:
    return _span(_MINUS_INFINITE, False, _INFINITE, False)


def _place(node: Node) -> float:
    if node.op == "infinity":
        return math.inf
    if node.op == "negate" and node.parts[0].op == "infinity":
        return -math.inf
    if symbols_of(node):
        raise Unreadable("no constant")
    value = approximate(node, {}).value
    if abs(value.imag) > 1e-9:
        raise Unreadable("not real")
    return value.real


def _are_points(spans: tuple[Span, ...]) -> bool:
    return all(span.low == span.high for span in spans)


def _without(spans: tuple[Span, ...], points: tuple[Span, ...]) -> tuple[Span, ...]:
    for point in points:
        parts: list[Span] = []
        for span in spans:
            inside = span.start < point.start < span.end
            if inside:
                parts.append(span._replace(high=point.low, high_closed=False, end=point.start))
                parts.append(span._replace(low=point.low, low_closed=False, start=point.start))
                continue
            low_closed = span.low_closed and not _meets(span.start, point.start)
            high_closed = span.high_closed and not _meets(span.end, point.start)
            parts.append(span._replace(low_closed=low_closed, high_closed=high_closed))
        spans = tuple(parts)[: _MOST_SPANS + 1]
    return spans


def _meets(one: float, other: float) -> bool:
    return one == other or abs(one - other) <= 1e-12 * abs(one)


def _merged(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, not span.low_closed)):
        last = kept[-1] if kept else None
        touching = last is not None and _meets(last.end, span.start) and (last.high_closed or span.low_closed)
        if last is None or not (touching or (span.start < last.end and not _meets(last.end, span.start))):
            kept.append(span)
        elif (span.end, span.high_closed) > (last.end, last.high_closed):
            kept[-1] = last._replace(high=span.high, high_closed=span.high_closed, end=span.end)
    return tuple(kept)
