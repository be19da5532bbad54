r"""Reads gold answers: what a cell of a user's table says the right answer is. Whoever needs a gold answer asks here.

    read_gold("He has 3 * 4 = 12 melons.\n#### 12")   # Gold(kind="number", text="12")
    read_gold(["18", "eighteen"]).accepted             # ("eighteen",)
    read_gold("n/a")                                   # NoGold("placeholder", "text")

A cell alone can be ambiguous: `B` may be an option or a word. `look_at` sees the whole column and settles it.
"""

from __future__ import annotations

from regenesis.answers.gold.cells import GoldError, is_placeholder
from regenesis.answers.gold.columns import ALONE, Column, look_at
from regenesis.answers.gold.reading import Gold, NoGold, read_gold, same_gold
from regenesis.answers.gold.solutions import holds_working, working_in

__all__ = [
    "ALONE",
    "Column",
    "Gold",
    "GoldError",
    "NoGold",
    "holds_working",
    "is_placeholder",
    "look_at",
    "read_gold",
    "same_gold",
    "working_in",
]
