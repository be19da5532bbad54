"""Leads one question through the method with the real sampler, ledger, judge and curator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from tests.helpers.played import PlayedEngine, question
from tests.helpers.runs import THREE_STAGES

from regenesis.config import BudgetConfig, RunConfig, config_from_mapping
from regenesis.ledger import Ledger
from regenesis.methods import Outcome, Session, make_method
from regenesis.methods.regenesis import ReGenesis
from regenesis.methods.regenesis.guidelines import Guideline
from regenesis.methods.regenesis.prompts import PromptSet
from regenesis.prompts import load_answering
from regenesis.scheduling import Budget, Sampler
from regenesis.synthesis.inputs import shown_to
from regenesis.synthesis.judging import PathJudge
from regenesis.types import Completion, Question, Request

Answer = Callable[[Request], str | Completion | Exception]


@dataclass
class Led:
    """What came of leading a question, and what was asked for it."""

    outcome: Outcome
    engine: PlayedEngine
    config: RunConfig


class Lead(Protocol):
    async def __call__(
        self,
        answer: Answer | None = None,
        *,
        of: Question | None = None,
        preset: str = "default",
        guidelines: Any = None,
        prompts: PromptSet | str | None = None,
        capacity: int = 8,
        before: Any = None,
        curation: dict[str, Any] | None = None,
        file: Path | None = None,
        **method: Any,
    ) -> Led: ...


@pytest.fixture
def lead(tmp_path: Path) -> Lead:
    count = 0

    async def go(
        answer: Answer | None = None,
        *,
        of: Question | None = None,
        preset: str = "default",
        guidelines: Any = None,
        prompts: PromptSet | str | None = None,
        capacity: int = 8,
        before: Any = None,
        curation: dict[str, Any] | None = None,
        file: Path | None = None,
        **method: Any,
    ) -> Led:
        nonlocal count
        count += 1
        own = guidelines if _are_guidelines(guidelines) else None
        if own is None and guidelines is not None:
            method["guidelines"] = guidelines
        if preset == "default" and "name" not in method:
            method = THREE_STAGES | method
        if isinstance(prompts, str):
            method["prompts"] = prompts
        config = config_from_mapping(
            {"preset": preset, "tasks": [{"name": "toy"}], "method": method, "curation": curation or {}}
        )
        engine = PlayedEngine(answer, capacity=capacity, before=before)
        answering = load_answering(config.answering)
        run: Any
        if own is not None or isinstance(prompts, PromptSet):
            set_ = prompts if isinstance(prompts, PromptSet) else None
            run = ReGenesis(config.method, answering, guidelines=own, prompts=set_)
        else:
            run = make_method(config.method, answering)
        with Ledger.open(file or tmp_path / f"{count}.sqlite") as ledger:
            sampler = Sampler(engine, ledger, Budget(BudgetConfig()), config.seed)
            await run.prepare(sampler)
            (asked,) = shown_to(run, [of or question()])
            outcome = await run.solve(Session(asked, PathJudge(config.curation), sampler, 0))
            assert sampler.pool.taken == 0
        return Led(outcome, engine, config)

    return go


def _are_guidelines(value: Any) -> bool:
    return isinstance(value, Sequence) and bool(value) and all(isinstance(one, Guideline) for one in value)
