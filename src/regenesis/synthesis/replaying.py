"""Outcomes derived anew from the ledger alone: what a run with these settings would have come to, as far as recorded.

    missing = await replay(config, directory, questions, method, judge, ledger, store)

Finished questions are led through their method once more. What is recorded answers its requests; a request that is not
recorded is not sent: its chain is left out, and the question is marked, so that the next synthesis asks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from regenesis.config import RunConfig
from regenesis.errors import RunError
from regenesis.ledger import Ledger
from regenesis.methods import Method, Outcome, Session
from regenesis.scheduling import Budget, BudgetConfig, Sampler, work_through
from regenesis.scheduling.no_engine import RecordedOnly
from regenesis.store.outcomes import OutcomeStore
from regenesis.synthesis.judging import PathJudge
from regenesis.types import GradedPath, Question

_WINDOW = 64
_REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a replay ended.

    Attributes:
        questions: Questions led through their method.
        missing: Those with requests that are not recorded.
    """

    questions: int
    missing: int


async def replay(
    config: RunConfig,
    model: str,
    questions: Sequence[tuple[int, Question]],
    method: Method[Any],
    judge: PathJudge,
    ledger: Ledger,
    store: OutcomeStore,
) -> Replayed:
    """Leads questions through their method, answered from the ledger alone, and stores their outcomes.

    Args:
        config: The run's config as it is to be now.
        model: Identity of the model that was asked.
        questions: The finished questions with their places in the run, as the method is shown them.
        method: The method.
        judge: Says what a path is worth.
        ledger: The run's ledger.
        store: Where outcomes go.

    Raises:
        RunError: Nothing that would be asked is recorded: the settings change what is asked.
        RegenesisError: Ledger or outcomes cannot be read or written.
    """
    engine, budget = RecordedOnly(model, refuses=True), Budget(BudgetConfig())
    sampler = Sampler(engine, ledger, budget, config.seed, room_for_thought=config.room_for_thought)
    await method.prepare(sampler)

    async def lead(ordinal: int, question: Question) -> None:
        outcome = await method.solve(Session(question, judge, sampler, ordinal))
        missing = question.id in sampler.unanswered
        store.put(_without_unrecorded(outcome) if missing else outcome, ask_again=missing)

    await work_through(questions, lead, _WINDOW)
    if sampler.traffic.asked and not sampler.traffic.recalled:
        raise RunError(
            "Nothing of what these settings ask is recorded, so there is nothing to derive a dataset from. Start a run "
            "of its own with them."
        )
    return Replayed(len(questions), len(sampler.unanswered))


def _without_unrecorded(outcome: Outcome) -> Outcome:
    judged = tuple(one for one in outcome.judged if not _is_unrecorded(one))
    return Outcome(outcome.question, judged, outcome.kept)


def _is_unrecorded(one: GradedPath) -> bool:
    return one.path.defect is not None and one.path.defect.startswith(f"{_REFUSED}_")
