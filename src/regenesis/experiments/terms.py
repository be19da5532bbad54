"""Equal terms: the number of rows, or of generated tokens, that all methods have on one training set and seed.

terms = equal_terms(experiment, {"star": Yielded(rows=120, generated=90_000), "lmsi": Yielded(80, 300_000)})
terms.number, terms.dataset      # 80, DatasetConfig(max_rows=80)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from regenesis.dataset.config import DatasetConfig
from regenesis.experiments.config import Equal, ExperimentConfig


@dataclass(frozen=True, slots=True)
class Yielded:
    """What a method came to by itself.

    Attributes:
        rows: Rows it kept.
        generated: Tokens generated for its questions, wrong paths included.
    """

    rows: int
    generated: int


@dataclass(frozen=True, slots=True)
class Terms:
    """On what the methods of one training set and seed are compared.

    Attributes:
        equal: What is equal.
        number: How many rows, or tokens, each method has; `None` where nothing is equal, or no method kept a row.
        wanted: The number that the experiment asked for, `None` where it left that to the methods.
        yielded: What each method came to by itself.
    """

    equal: Equal
    number: int | None
    wanted: int | None
    yielded: Mapping[str, Yielded]

    @property
    def dataset(self) -> DatasetConfig:
        """The draw that gives each method its equal share."""
        match self.equal:
            case "examples":
                return DatasetConfig(max_rows=self.number)
            case "tokens":
                return DatasetConfig(max_generated_tokens=self.number)
            case "yield":
                return DatasetConfig()

    @property
    def without_rows(self) -> list[str]:
        """Methods that kept nothing: there is nothing to train on."""
        return [label for label, found in self.yielded.items() if not found.rows]

    @property
    def notes(self) -> list[str]:
        """What the user should know of these terms."""
        notes = [f"{label} kept no paths, so it is left out." for label in self.without_rows]
        if self.wanted is not None and self.number is not None and self.number < self.wanted:
            least = min(self._counted(), key=self._counted().__getitem__)
            unit = "rows" if self.equal == "examples" else "tokens"
            notes.append(
                f"{least} has only {self.number:,} of the {self.wanted:,} {unit} asked for, so all methods train on "
                f"{self.number:,}."
            )
        return notes

    def _counted(self) -> dict[str, int]:
        """What is to be equal, by method; those that have none of it, or no rows, do not count."""
        by_rows = self.equal == "examples"
        counted = {label: found.rows if by_rows else found.generated for label, found in self.yielded.items()}
        return {label: count for label, count in counted.items() if count and self.yielded[label].rows}

    def to_json(self) -> dict[str, Any]:
        """The terms as plain JSON types."""
        return {**asdict(self), "yielded": {label: asdict(found) for label, found in self.yielded.items()}}


def equal_terms(experiment: ExperimentConfig, yielded: Mapping[str, Yielded]) -> Terms:
    """The terms that an experiment's methods can all meet: the number asked for, or the least of what they came to."""
    wanted = experiment.examples if experiment.equal == "examples" else experiment.tokens
    open_terms = Terms(experiment.equal, None, wanted, yielded)
    counted = open_terms._counted()
    if experiment.equal == "yield" or not counted:
        return open_terms
    least = min(counted.values())
    return Terms(experiment.equal, least if wanted is None else min(wanted, least), wanted, yielded)
