"""Whether a copy of a model writes what the model itself writes: found out at the copy's first use, noted beside it.

    agreement = Agreement.noted(folder)      # None: not compared yet
    Agreement(same=34, of=36).note(folder)

A copy that is read or rounded wrongly writes fluent nonsense, and nothing but the text shows that. So the model
continues a few chats greedily, and the copy is asked for each next token of that, given the tokens before it: whole
texts part at the first near tie, whereas token by token two that compute the same model agree nearly always.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from regenesis.filesystems import replacing

CHATS = (
    "A baker makes 24 rolls and sells 17 of them. How many are left? Explain.",
    "Name three animals that live in the sea, and say why each can breathe there.",
    "Is every square a rectangle? Answer yes or no, then give the reason.",
)
"""What is asked."""

TOKENS = 12
"""Tokens of each continuation that are compared."""

_SHARE = 0.75
"""Least share of equal tokens. Right copies have 0.9 and more, those of a family read wrongly less than a quarter."""

_NOTE = "agreement.json"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a copy named the model's next token.

    Attributes:
        same: So many times.
        of: Of so many tokens.
    """

    same: int
    of: int

    @property
    def enough(self) -> bool:
        """Whether the copy can stand for the model."""
        return self.same >= _SHARE * self.of

    @classmethod
    def noted(cls, folder: Path) -> Self | None:
        """What is noted beside a copy; `None` where nothing is, or nothing that can be read."""
        try:
            note = json.loads((folder / _NOTE).read_text("utf-8"))
            return cls(int(note["same"]), int(note["of"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def note(self, folder: Path) -> None:
        """Notes it beside a copy."""
        with replacing(folder / _NOTE) as partial:
            partial.write_text(json.dumps(asdict(self)), "utf-8")
