"""The tree of a formula, and the names that mean something in one.

Operations of a `Node`: number, symbol, words, add, multiply, divide, ratio, power, negate, plusminus, percent, degrees,
factorial, call (value: the function), relation (value: its signs), in, sequence (value: its brackets, `set`, or for a
bare list an empty text, or `and` if joined by and, or), union, intersection, difference, matrix (a row a part), row,
modulo (a relation and its modulus),
infinity, emptyset, numberset, based (value: the digits).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from regenesis.answers.characters import names

FUNCTIONS = names("sin cos tan cot sec csc sinh cosh tanh asin acos atan ln log lg exp abs floor ceil max min gcd lcm")
RELATIONS = names("= < > <= >= != approx equiv")
SET_OPERATIONS = {"cup": "union", "cap": "intersection", "setminus": "difference"}
GREEK = names(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega ell"
)


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of a formula and what it works on."""

    op: str
    parts: tuple[Node, ...] = ()
    value: Fraction | str = ""


def number_node(value: Fraction | int) -> Node:
    """A number as a tree."""
    return Node("number", value=Fraction(value))
