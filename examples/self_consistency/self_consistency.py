"""Self-consistency as a method: train on the paths that a clear majority of a question's samples agrees with.

After Wang et al., "Self-Consistency Improves Chain of Thought Reasoning in Language Models" (arXiv 2203.11171). No gold
answer is read. Questions on which the samples disagree keep nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field

from regenesis.methods import Estimate, Method, Outcome, Session
from regenesis.methods.plain import (
    STAGE,
    TITLE,
    PlainSamplesConfig,
    chats_of,
    describe_sampling,
    estimate_stage,
    plain_samples,
)
from regenesis.types import Question


class SelfConsistencyConfig(PlainSamplesConfig):
    """The paths that a clear majority of a question's samples agrees with."""

    name: str = "self_consistency"
    """`self_consistency`."""
    agreement: float = Field(default=0.6, gt=0, le=1)
    """Least share of the readable answers that must agree."""


class SelfConsistency(Method[SelfConsistencyConfig]):
    """See the module's text."""

    name = "self_consistency"
    title = "self-consistency"
    Config = SelfConsistencyConfig
    source = "arXiv 2203.11171"
    stages: ClassVar[Mapping[str, str]] = {STAGE: TITLE}

    @property
    def reads_gold(self) -> bool:
        return False

    @property
    def votes(self) -> Literal["always"]:
        return "always"

    async def solve(self, session: Session) -> Outcome:
        config = self.config
        graded = await plain_samples(session, self.answering, config.sampling.draw(), config.samples, method=self.name)
        graded = await session.judge.vote(graded, session.question, min_votes=2)
        clear = [one for one in graded if (one.verdict.confidence or 0) >= config.agreement]
        return Outcome(session.question, tuple(graded), tuple(session.judge.select(clear, config.keep)))

    def one_chain(self) -> Self:
        return type(self)(self.config.model_copy(update={"samples": 1}), self.answering)

    def estimate(self, questions: Sequence[Question], chain_yield: float) -> Estimate:
        calls = len(questions) * self.config.samples
        stage = estimate_stage(chats_of(self.answering, questions), calls, calls, self.config.sampling)
        kept = len(questions) * min(self.config.keep, self.config.samples * chain_yield)
        return Estimate(calls, calls, kept, {STAGE: stage})

    def describe(self) -> dict[str, str]:
        return {
            "samples": f"{self.config.samples} per question",
            "sampling": describe_sampling(self.config.sampling),
            "agreement": f"at least {self.config.agreement:.0%} of the samples",
        }
