"""Finding questions and chains of a run: by part of an id, by what became of them, by what they say.

wanted = Wanted(status="incorrect", text="per hour")
for question, outcome in read_questions_and_outcomes("runs/x"):
    if wanted.takes(question, outcome):
        print(question.id, len(wanted.chains(outcome)))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from regenesis.errors import RunError
from regenesis.evaluation import STAGE as EVALUATING
from regenesis.ledger import Ledger, Recorded
from regenesis.methods import Outcome
from regenesis.store.directory import RunDirectory
from regenesis.types import GradedPath, Message, Question, Status

_NAMED = 5
"""Ids that are named where several are meant."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which questions and chains are looked for; everything that is stated has to hold.

    Attributes:
        task: The question's task.
        status: The verdict on the chain.
        guideline: A guideline of the chain.
        defect: Why the chain is unfit to train on.
        kept: Whether the chain has to be among those kept.
        unfinished: Whether the question has to be unfinished.
        text: What the question or the chain has to say, in upper or lower case.
    """

    task: str | None = None
    status: Status | None = None
    guideline: str | None = None
    defect: str | None = None
    kept: bool = False
    unfinished: bool = False
    text: str | None = None

    def takes(self, question: Question, outcome: Outcome | None) -> bool:
        """Whether a question is among those looked for, with at least one of its chains where a chain is."""
        if self.task is not None and question.task != self.task:
            return False
        if outcome is None:
            return not self._is_about_chains and (self.text is None or says(self.text, question.text))
        if self.unfinished:
            return False
        if not self._is_about_chains and (self.text is None or says(self.text, question.text)):
            return True
        return bool(self.chains(outcome))

    def chains(self, outcome: Outcome) -> list[GradedPath]:
        """The chains of a question that are looked for."""
        kept = {id(one) for one in outcome.kept}
        text = None if self.text is not None and says(self.text, outcome.question.text) else self.text
        return [
            one
            for one in outcome.judged
            if (not self.kept or id(one) in kept)
            and (self.status is None or one.verdict.status == self.status)
            and (self.guideline is None or self.guideline in one.path.guideline.split("+"))
            and (self.defect is None or one.defect == self.defect)
            and (text is None or says(text, *(written for _, _, written in one.path.steps)))
        ]

    @property
    def _is_about_chains(self) -> bool:
        return self.kept or (self.status, self.guideline, self.defect) != (None, None, None)


def says(text: str, *where: str) -> bool:
    """Whether one of some texts holds another, in upper or lower case."""
    wanted = text.casefold()
    return any(wanted in one.casefold() for one in where)


def the_one(found: Iterable[tuple[str, T]], name: str, where: str) -> T:
    """The one of several things that an id names: in full, by its last part, or by the beginning of either.

    Args:
        found: What there is, by id.
        name: The id, or part of it.
        where: What holds them, for the error.

    Raises:
        RunError: There is none, or there are several.
    """
    matching: list[tuple[str, T]] = []
    for one, value in found:
        if one == name:
            return value
        if one.startswith(name) or one.rpartition("/")[2].startswith(name):
            matching.append((one, value))
    named = [pair for pair in matching if pair[0].endswith(f"/{name}")] or matching
    if len(named) == 1:
        return named[0][1]
    if not named:
        raise RunError(f"{where}: has no question {name!r}.")
    listed = ", ".join(one for one, _ in named[:_NAMED])
    more = f" and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
    raise RunError(f"{where}: {name!r} is the beginning of {len(named):,} questions: {listed}{more}.")


def begun_chains(directory: RunDirectory, question_id: str) -> list[list[Recorded]]:
    """What is recorded of a question that is not finished, as chains: what goes on with a text stands behind it.

    Raises:
        LedgerError: The ledger is damaged.
    """
    if not directory.ledger.exists():
        return []
    with Ledger.read(directory.ledger) as ledger:
        recorded = ledger.of_question(question_id, without=EVALUATING)
    chains: list[list[Recorded]] = []
    for one in recorded:
        chat = "\n".join(message.content for message in one.messages)
        goes_on = next((chain for chain in reversed(chains) if _is_said(chain[-1].completion.text, chat)), None)
        if goes_on is None:
            chains.append([one])
        else:
            goes_on.append(one)
    return chains


def completions_so_far(directory: RunDirectory) -> dict[str, int]:
    """How many completions are recorded of each question.

    Raises:
        LedgerError: The ledger is damaged.
    """
    if not directory.ledger.exists():
        return {}
    with Ledger.read(directory.ledger) as ledger:
        return ledger.completions_by_question(without=EVALUATING)


def _is_said(text: str, chat: str) -> bool:
    return bool(text.strip()) and text.strip() in chat


def prompts_of(directory: RunDirectory, keys: Sequence[str]) -> dict[str, tuple[Message, ...]]:
    """The chats that were sent for recorded completions, by key.

    Raises:
        LedgerError: The ledger is damaged.
    """
    if not directory.ledger.exists():
        return {}
    with Ledger.read(directory.ledger) as ledger:
        return {key: ledger.messages(key) for key in keys}
