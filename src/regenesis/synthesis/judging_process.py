"""The process that `judging_beside` starts: judges what comes in, until nothing more does.

It imports what judging takes and not the config of a run, which would make it ready twice as late.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, NamedTuple

from regenesis.curation.config import CurationConfig
from regenesis.methods import MethodSection, Opinion, make_method
from regenesis.prompts import load_answering
from regenesis.prompts.answering import AnsweringConfig
from regenesis.synthesis.judging import PathJudge
from regenesis.synthesis.processes import Pipes
from regenesis.types import Question, ReasoningPath, Verdict


class Settings(NamedTuple):
    """The sections of a run's config by which its paths are judged; sent first, and answered once it is ready."""

    curation: CurationConfig
    method: MethodSection
    answering: AnsweringConfig


class Case(NamedTuple):
    """A path to be judged, as it is sent."""

    number: int
    path: ReasoningPath
    question: Question
    stand_ins: tuple[str, ...]
    opinion: Opinion | None


class Judged(NamedTuple):
    """What it came to."""

    number: int
    verdict: Verdict
    defect: str | None
    training_text: str


async def _judge_input() -> None:
    pipes = Pipes()
    settings: Settings = pipes.given()
    judge = PathJudge.of(settings.curation, make_method(settings.method, load_answering(settings.answering)))

    async def judged(case: Case) -> Judged:
        found = await judge.judge(case.path, case.question, stand_ins=case.stand_ins, opinion=case.opinion)
        return Judged(case.number, found.verdict, found.defect, found.training_text)

    pipes.answer("ready")
    with suppress(EOFError, BrokenPipeError):
        while True:
            cases: Any = pipes.given()
            pipes.answer([await judged(case) for case in cases])


def main() -> None:
    """What the process does."""
    asyncio.run(_judge_input())
