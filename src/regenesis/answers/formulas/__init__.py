r"""Formulas as answers: read from LaTeX or plain notation, and compared.

    same_formula_answer(r"\frac{x+2}{7}", "x/7 + 2/7", DEFAULT_RULES)  # True

tokens → atoms → parser build a tree of nodes; values evaluates one; naming, real_sets and comparing say what two trees
have in common; answers reads a final answer that is a formula.
"""

from __future__ import annotations

from regenesis.answers.formulas.answers import is_formula, read_formula, read_value, same_formula_answer
from regenesis.answers.formulas.comparing import formula

__all__ = ["formula", "is_formula", "read_formula", "read_value", "same_formula_answer"]
