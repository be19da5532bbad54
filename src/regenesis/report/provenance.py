"""Who wrote a dataset's rows and which of them were kept, in the words of cards.

    provenance = Provenance.of(method, questions)
    Provenance.from_record(json.loads(text)) == provenance      # with `provenance.record()` in the text

A run records it when its dataset is written, so that the cards of dataset and model say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args, get_type_hints

from regenesis.methods import Author, Method
from regenesis.types import Question

Labels = Literal["gold", "majority", "both"]
"""What answers were checked against: gold answers, the majority of a question's own answers, or one or the other."""

_CRITERION: dict[Labels, str] = {
    "gold": "reached the correct answer",
    "majority": "agree with the majority answer of their question",
    "both": "reached the correct answer, or the majority answer where no gold answer is known",
}


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where rows come from; the defaults are those of runs that recorded nothing of it.

    Attributes:
        written_by: Who wrote the texts: the model that was asked, or people.
        checked_against: What their final answers were checked against.
    """

    written_by: Author = "model"
    checked_against: Labels = "gold"

    @classmethod
    def of(cls, method: Method[Any], questions: Sequence[Question]) -> Self:
        """That of the rows that a method makes for these questions, as it is handed them."""
        voted = {"always": True, "never": False}.get(method.votes)
        by_vote = {question.gold is None if voted is None else voted for question in questions}
        labels: Labels = "gold" if True not in by_vote else "both" if False in by_vote else "majority"
        return cls(method.written_by, labels)

    @classmethod
    def from_record(cls, record: Any) -> Self:
        """What `record` gave; anything else reads as the defaults."""
        stated = record if isinstance(record, Mapping) else {}
        allowed = get_type_hints(cls)
        known = [one.name for one in fields(cls) if stated.get(one.name) in get_args(allowed[one.name])]
        return cls(**{name: stated[name] for name in known})

    def record(self) -> dict[str, str]:
        """It as plain JSON types."""
        return asdict(self)

    @property
    def by_model(self) -> bool:
        return self.written_by == "model"

    @property
    def criterion(self) -> str:
        """What kept texts have in common, to finish "those that …"."""
        return _CRITERION[self.checked_against]
