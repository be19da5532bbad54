"""Which side of an equation only names the answer: `x = 5`, `f(x) = 5`, `f'(x) = 5`, `dy/dx = 5`, `AB = 5` state 5.

is_assignment(parse_formula("AB = 5"))  # True
"""

from __future__ import annotations

from regenesis.answers.formulas.nodes import Node
from regenesis.answers.formulas.values import exact_value

_D = Node("symbol", value="d")
_Y = Node("symbol", value="y")


def is_name(node: Node) -> bool:
    """Whether a tree can name something: a letter, letters, words, a function at its argument, a derivative."""
    if node.op in ("symbol", "words"):
        return True
    return (
        (node.op == "call" and node.value in ("f", "g", "h", "prime"))
        or (node.op == "multiply" and node.parts[1].op == "symbol" and _is_function_name(node.parts[0]))
        or (node.op == "divide" and all(part.op == "multiply" and part.parts[0] == _D for part in node.parts))
        or (node.op == "sequence" and all(part.op == "symbol" for part in node.parts))
    )


def _is_function_name(node: Node) -> bool:
    """A letter, one with a prime, or an inverse function's letter with its exponent."""
    inverse = node.op == "power" and node.parts[0].value in ("f", "g", "h") and exact_value(node.parts[1]) == -1
    return node.op == "symbol" or inverse or (node.op == "call" and node.value == "prime")


def is_assignment(node: Node) -> bool:
    """Whether a tree is an equation whose left side is a name."""
    return node.op == "relation" and node.value == "=" and is_name(node.parts[0])


def same_name(left: Node, right: Node) -> bool:
    """Whether two left sides name the same thing: x and x, or f(x) and y."""
    return left == right or any(
        one == _Y and other.op == "call" and other.value in ("f", "g", "h")
        for one, other in ((left, right), (right, left))
    )
