"""What some questions in a row come to: the rows of a run's tables and of its dataset, and their counts.

    portion = Deriving(method, curator).portion(outcomes)

Portions are made of outcomes alone, each by itself, so that several processes can make them; put one behind the other
they are the run's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regenesis.curation import Curator, Funnel
from regenesis.curation.leaks import find_leak
from regenesis.dataset.examples import example
from regenesis.dataset.rows import StoredRows, stored
from regenesis.ledger import Ledger
from regenesis.methods import Method, Outcome
from regenesis.store.tables import OutcomeRows
from regenesis.types import Example, GradedPath, Question

QUESTIONS_A_PORTION = 50
"""Questions of a portion at most: of 45 chains each, about 10 MB."""

Taken = Mapping[str, frozenset[int]]
"""Places of the rows that are drawn, by question."""


@dataclass(frozen=True, slots=True)
class Portion:
    """What some questions come to.

    Attributes:
        tables: Their paths and verdicts.
        dataset: Their rows of the dataset.
        funnel: The counts over their chains.
    """

    tables: OutcomeRows
    dataset: StoredRows
    funnel: Funnel


@dataclass(frozen=True, slots=True)
class Deriving:
    """Makes portions.

    Attributes:
        method: The method that made the outcomes, which also makes rows of them.
        curator: Counts what is left out.
        thoughts: The ledger to take thoughts from, where they are trained on.
    """

    method: Method[Any]
    curator: Curator
    thoughts: Ledger | None = None

    def portion(self, outcomes: Sequence[Outcome], taken: Taken | None = None) -> Portion:
        """What some outcomes come to, in their order.

        Args:
            outcomes: The outcomes.
            taken: Which of their rows are drawn; all of them if left out.
        """
        funnel = Funnel()
        for outcome in outcomes:
            left_out = self.curator.left_out(outcome.judged, outcome.kept)
            funnel.finish_question(outcome.question, outcome.judged, outcome.kept, left_out)
        rows = stored(self._examples(outcomes, taken), thoughts=self.thoughts is not None)
        return Portion(OutcomeRows.of(outcomes), rows, funnel)

    def _examples(self, outcomes: Iterable[Outcome], taken: Taken | None) -> Iterator[Example]:
        for outcome in outcomes:
            question = outcome.question
            places = None if taken is None else taken.get(question.id, ())
            for place, row in enumerate(self.method.rows(outcome)):
                if places is None or place in places:
                    thought = None if self.thoughts is None else _thought_of(row.judged, question, self.thoughts)
                    yield example(
                        row.judged, question, row.prompt, completion=row.completion, form=row.form, thought=thought
                    )


def _thought_of(judged: GradedPath, question: Question, ledger: Ledger) -> str:
    """What the model thought before a path; nothing where that speaks of what the trained prompt does not hold."""
    key = next((key for _, key, text in reversed(judged.path.steps) if judged.path.text in text), None)
    completion = ledger.get(key) if key is not None else None
    thought = completion.thought if completion is not None else ""
    return "" if find_leak(thought, question.text) in ("hint", "guideline", "structure") else thought
