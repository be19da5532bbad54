r"""Whether two formulas are the same answer, decided in this process without a computer algebra system.

    same_formula(r"\frac{x+2}{7}", "x/7 + 2/7")  # True

Rational constants are compared exactly. Other expressions are compared at five points, with a bound on the rounding
error: different values prove them different, equal values at all points pass them as equal. Tuples compare in order,
sets and bare lists in any order, intervals with their ends, equations and inequalities up to a factor.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from regenesis.answers.closeness import decimal_places, is_rounding
from regenesis.answers.formulas.conjugates import hold_conjugates
from regenesis.answers.formulas.naming import is_assignment, is_name, same_name
from regenesis.answers.formulas.nodes import Node
from regenesis.answers.formulas.parser import parse_formula
from regenesis.answers.formulas.real_sets import FLIPPED, RealSet, is_described, real_set
from regenesis.answers.formulas.tokens import Unreadable
from regenesis.answers.formulas.values import approximate, exact_value, symbol_points, symbols_of

_NEVER = (ArithmeticError, Unreadable, ValueError)
_LISTS = ("", "and", "{}", "set")
_ROUNDED_DIGITS = 6
_MEANINGS = {
    **dict.fromkeys(("all real numbers", "all reals", "real numbers"), Node("numberset", value="R")),
    "infinity": Node("infinity"),
    "dne": Node("words", value="does not exist"),
    **dict.fromkeys(
        ("no solution", "no solutions", "no real solution", "no real solutions", "empty set"), Node("emptyset")
    ),
}


def same_formula(left: str, right: str) -> bool | None:
    """Whether two formulas are equal; `None` where one of them cannot be read or no point decides."""
    first, second = formula(left), formula(right)
    if first is None or second is None:
        return None
    try:
        return same_node(first, second)
    except _NEVER:
        return None


@lru_cache(maxsize=4096)
def formula(text: str) -> Node | None:
    """The tree of a formula, tidied for comparison; `None` where the text cannot be read as one."""
    try:
        return _tidied(parse_formula(text))
    except (Unreadable, ValueError, ArithmeticError, RecursionError):
        return None


def _tidied(node: Node) -> Node:
    node = _last_of_chain(_without_degrees(node))
    if node.op == "words" and node.value in _MEANINGS:
        return _MEANINGS[str(node.value)]
    if node.op == "add" and node.parts[0].op == "numberset" and node.parts[-1].op == "negate":
        return Node("difference", (node.parts[0], node.parts[-1].parts[0]))
    if node.op == "sequence" and node.value in _LISTS:
        items = _values_of_one_name(node.parts)
        signed = tuple(item for part in items for item in _both_signs(part))
        joined = "and" if node.value == "" and (len(signed) > len(items) or items != node.parts) else node.value
        return Node("sequence", signed, joined)
    if node.op == "in":
        return Node("in", (node.parts[0], _tidied(node.parts[1])))
    if node.op == "union" and all(part.op == "sequence" and part.value == "set" for part in node.parts):
        return _tidied(Node("sequence", _distinct(node.parts[0].parts + node.parts[1].parts), "set"))
    signs = _both_signs(node)
    return node if len(signs) == 1 else Node("sequence", signs, "and")


def _distinct(items: tuple[Node, ...]) -> tuple[Node, ...]:
    kept: list[Node] = []
    for item in items[:60]:
        if not any(same_node(item, other) for other in kept):
            kept.append(item)
    return tuple(kept)


def _without_degrees(node: Node) -> Node:
    """Degrees count inside a trigonometric function; elsewhere they are a unit."""
    if node.op == "degrees":
        return _without_degrees(node.parts[0])
    if node.op == "call" or not node.parts:
        return node
    return Node(node.op, tuple(_without_degrees(part) for part in node.parts), node.value)


def _last_of_chain(node: Node) -> Node:
    """`x = 5 + 5 = 10 ≈ 9.99` states that x is 10."""
    if node.op != "relation":
        return node
    sides, signs = list(node.parts), str(node.value).split(" ")
    while len(signs) > 1 and signs[-1] == "approx":
        sides.pop()
        signs.pop()
    if len(signs) > 1 and set(signs) == {"="}:
        sides, signs = [sides[0], sides[-1]] if is_name(sides[0]) else [sides[-1]], ["="]
    if len(signs) == 1 and signs[0] == "approx":
        signs = ["="] if is_name(sides[0]) else []
        sides = sides if signs else sides[:1]
    if len(sides) == 1:
        return sides[0]
    if signs == ["="] and not symbols_of(sides[0]) and symbols_of(sides[1]) and is_name(sides[1]):
        sides.reverse()
    if signs == ["="] and not is_name(sides[0]) and exact_value(sides[0]) is not None and not symbols_of(sides[1]):
        return sides[1]
    return Node("relation", tuple(sides), " ".join(signs))


def _values_of_one_name(items: tuple[Node, ...]) -> tuple[Node, ...]:
    """`x = 1, x = 2` and `x = 1, 2` list the values 1 and 2."""
    items = tuple(_last_of_chain(item) for item in items)
    if not is_assignment(items[0]):
        return items
    name = items[0].parts[0]
    rest = items[1:]
    if all((is_assignment(item) and item.parts[0] == name) or item.op != "relation" for item in rest):
        return tuple(item.parts[1] if item.op == "relation" else item for item in items)
    return items


def _both_signs(node: Node) -> tuple[Node, ...]:
    if not _holds(node, "plusminus"):
        return (node,)
    return _with_sign(node, False), _with_sign(node, True)


def _holds(node: Node, op: str) -> bool:
    return node.op == op or any(_holds(part, op) for part in node.parts)


def _with_sign(node: Node, negative: bool) -> Node:
    if node.op == "plusminus":
        inside = _with_sign(node.parts[0], negative)
        return Node("negate", (inside,)) if negative else inside
    return Node(node.op, tuple(_with_sign(part, negative) for part in node.parts), node.value)


def same_node(left: Node, right: Node) -> bool:
    """Whether two tidied trees are the same answer.

    Raises:
        Unreadable: They cannot be compared here.
        ArithmeticError: No point decides.
    """
    if left == right:
        return True
    if is_described(left) or is_described(right):
        first, second = real_set(left), real_set(right)
        if first is not None and second is not None:
            return _same_real_set(first, second)
    if left.op == "in" or right.op == "in":
        return _same_membership(left, right)
    if left.op == "relation" or right.op == "relation":
        return _same_relation(left, right)
    if "sequence" in (left.op, right.op):
        return _same_sequence(left, right)
    if left.op == "matrix" or right.op == "matrix":
        return _same_matrix(left, right)
    if left.op in _SET_OPS or right.op in _SET_OPS:
        return _same_set(left, right)
    if _is_infinite(left) or _is_infinite(right):
        return False
    if left.op in _ATOMS or right.op in _ATOMS:
        return _same_atom(left, right)
    return _same_scalar(left, right)


_SET_OPS = ("union", "intersection", "difference")
_ATOMS = ("emptyset", "numberset", "words", "based", "modulo")


def _same_membership(left: Node, right: Node) -> bool:
    if left.op == right.op and left.parts[0] != right.parts[0]:
        return False
    return same_node(*(node.parts[1] if node.op == "in" else node for node in (left, right)))


def _same_real_set(left: RealSet, right: RealSet) -> bool:
    if (left.name is not None and right.name is not None and left.name != right.name) or (
        len(left.spans) != len(right.spans)
    ):
        return False
    return all(
        (one.low_closed, one.high_closed) == (other.low_closed, other.high_closed)
        and same_node(one.low, other.low)
        and same_node(one.high, other.high)
        for one, other in zip(left.spans, right.spans, strict=True)
    )


def _is_infinite(node: Node) -> bool:
    return node.op == "infinity" or (node.op == "negate" and node.parts[0].op == "infinity")


def _same_atom(left: Node, right: Node) -> bool:
    if left.op != right.op:
        return False
    if left.op == "modulo":
        return left.value == right.value and _in_order(left.parts, right.parts)
    if left.op == "based":
        return left.value == right.value and same_node(left.parts[0], right.parts[0])
    return left == right


def _same_scalar(left: Node, right: Node) -> bool:
    first, second = exact_value(left), exact_value(right)
    if first is not None and second is not None:
        return first == second or _is_rounding(left, second) or _is_rounding(right, first)
    points = symbol_points(symbols_of(left) | symbols_of(right))
    decided = 0
    for index, point in enumerate(points):
        try:
            one, other = approximate(left, point), approximate(right, point)
        except ArithmeticError:
            continue
        if index >= 3 and (abs(one.value.imag) > 1e-9 or abs(other.value.imag) > 1e-9):
            continue  # off the common real domain: branches may differ
        error = 64 * (one.error + other.error)
        if error > 1e-6 * max(abs(one.value), abs(other.value), 1e-3):
            raise ArithmeticError("too imprecise to tell")
        if abs(one.value - other.value) > error:
            return (
                (_is_rounding(left, other.value) or _is_rounding(right, one.value)) if not symbols_of(left) else False
            )
        decided += 1
        if not point:
            break
    if not decided:
        raise ArithmeticError("undefined at every point")
    return True


def _is_rounding(node: Node, exact: Fraction | complex) -> bool:
    negative = node.op == "negate"
    node = node.parts[0] if negative else node
    if node.op != "number" or not isinstance(node.value, Fraction):
        return False
    typed = -node.value if negative else node.value
    if isinstance(exact, Fraction):
        return is_rounding(typed, exact, _ROUNDED_DIGITS)
    places = decimal_places(typed)
    if places is None or places < 4 or exact.imag or abs(typed) * 10**places < 10 ** (_ROUNDED_DIGITS - 1):
        return False
    return abs(float(typed) - exact.real) <= max(0.500001 * 10.0**-places, 4e-16 * abs(exact.real))


def _same_sequence(left: Node, right: Node) -> bool:
    if left.op != "sequence" or right.op != "sequence":
        other, listed = (left, right) if right.op == "sequence" else (right, left)
        if other.op == "matrix":
            cells = _single_line(other)
            return listed.value in ("()", "[]", "") and cells is not None and _in_order(cells, listed.parts)
        if len(listed.parts) == 1 and listed.value in _LISTS:
            return same_node(listed.parts[0], other)
        return other.op in _SET_OPS and _same_set(left, right)
    brackets = {str(left.value), str(right.value)}
    if brackets <= set(_LISTS):
        unordered = brackets == {"{}"} or _have_no_order(left.parts + right.parts)
        if brackets & {"and", "set"}:
            return _any_order(_distinct(left.parts), _distinct(right.parts))
        return _any_order(left.parts, right.parts) if unordered else _in_order(left.parts, right.parts)
    if "[]" in brackets and brackets & set(_LISTS) and len(left.parts) == 2:
        return False  # a closed interval is not the list of its ends
    if "set" in brackets or (len(brackets) > 1 and not brackets & set(_LISTS)):
        return False
    return _in_order(left.parts, right.parts)


def _have_no_order(items: tuple[Node, ...]) -> bool:
    """Points side by side are the solutions of a problem, and so are conjugates; values with names need no order."""
    return (
        hold_conjugates(items)
        or all(is_assignment(item) for item in items)
        or all(item.op == "sequence" and item.value == "()" for item in items)
    )


def _in_order(left: tuple[Node, ...], right: tuple[Node, ...]) -> bool:
    if any(is_assignment(item) for item in left) != any(is_assignment(item) for item in right):
        left, right = (tuple(item.parts[1] if is_assignment(item) else item for item in side) for side in (left, right))
    return len(left) == len(right) and all(same_node(*pair) for pair in zip(left, right, strict=True))


def _any_order(left: tuple[Node, ...], right: tuple[Node, ...]) -> bool:
    if len(left) != len(right) or len(left) > 60:
        return False
    rest = list(right)
    for item in left:
        for index, candidate in enumerate(rest):
            if same_node(item, candidate):
                del rest[index]
                break
        else:
            return False
    return True


def _single_line(matrix: Node) -> tuple[Node, ...] | None:
    if len(matrix.parts) == 1:
        return matrix.parts[0].parts
    columns = {len(row.parts) for row in matrix.parts}
    return tuple(row.parts[0] for row in matrix.parts) if columns == {1} else None


def _same_matrix(left: Node, right: Node) -> bool:
    if left.op != "matrix" or right.op != "matrix":
        raise Unreadable("matrix against expression")
    rows = list(zip(left.parts, right.parts, strict=False))
    return len(left.parts) == len(right.parts) and all(_in_order(one.parts, other.parts) for one, other in rows)


def _same_set(left: Node, right: Node) -> bool:
    if left.op != right.op:
        return False
    if left.op in ("union", "intersection"):
        return _any_order(_flat(left, left.op), _flat(right, left.op))
    return _in_order(left.parts, right.parts)


def _flat(node: Node, op: str) -> tuple[Node, ...]:
    if node.op != op:
        return (node,)
    return tuple(item for part in node.parts for item in _flat(part, op))


def _same_relation(left: Node, right: Node) -> bool:
    if left.op != "relation" or right.op != "relation":
        relation, other = (left, right) if left.op == "relation" else (right, left)
        if relation.value == "=" and is_name(relation.parts[0]):
            return same_node(relation.parts[1], other)
        return False
    signs, others = str(left.value).split(" "), str(right.value).split(" ")
    if len(signs) != len(others):
        return False
    if len(signs) > 1:
        return _same_chain(left, right, signs, others)
    return _same_single(left, right, signs[0], others[0])


def _same_chain(left: Node, right: Node, signs: list[str], others: list[str]) -> bool:
    if signs == others and _in_order(left.parts, right.parts):
        return True
    flipped = [FLIPPED.get(sign, sign) for sign in reversed(others)]
    return signs == flipped and _in_order(left.parts, tuple(reversed(right.parts)))


def _same_single(left: Node, right: Node, sign: str, other: str) -> bool:
    if is_assignment(left) and is_assignment(right) and same_name(left.parts[0], right.parts[0]):
        return same_node(left.parts[1], right.parts[1])
    if sign == other and _in_order(left.parts, right.parts):
        return True
    if sign == FLIPPED.get(other) and _in_order(left.parts, tuple(reversed(right.parts))):
        return True
    if symbols_of(left) != symbols_of(right):
        return False
    ratio = _constant_ratio(_difference(left), _difference(right))
    if ratio is None:
        return False
    if sign in ("=", "!="):
        return sign == other
    return sign == (other if ratio > 0 else FLIPPED.get(other))


def _difference(relation: Node) -> Node:
    return Node("add", (relation.parts[0], Node("negate", (relation.parts[1],))))


def _constant_ratio(left: Node, right: Node) -> float | None:
    """The factor between two expressions, if it is the same non-zero real number at every point."""
    ratios: list[float] = []
    for point in symbol_points(symbols_of(left) | symbols_of(right)):
        try:
            one, other = approximate(left, point).value, approximate(right, point).value
            ratio = one / other
        except ArithmeticError:
            continue
        if abs(ratio.imag) > 1e-9 * abs(ratio) or not ratio:
            return None
        ratios.append(ratio.real)
    if len(ratios) < 3:
        raise ArithmeticError("too few points")
    return ratios[0] if max(ratios) - min(ratios) <= 1e-9 * abs(ratios[0]) else None
