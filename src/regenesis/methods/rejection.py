"""Rejection sampling: plain samples of the model, of which the right ones are kept.

The strongest cheap rival of every longer method. Known as RFT (Yuan et al., arXiv 2308.01825) and, over several rounds,
as ReST-EM (Singh et al., arXiv 2312.06585).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from pydantic import Field

from regenesis.methods.base import Method, Outcome, Session
from regenesis.methods.estimates import Estimate, expected_share
from regenesis.methods.plain import (
    STAGE,
    TITLE,
    PlainSamplesConfig,
    chance_warning,
    chats_of,
    describe_sampling,
    estimate_stage,
    plain_samples,
)
from regenesis.types import Question


class RejectionConfig(PlainSamplesConfig):
    """Plain samples, of which the right ones are kept."""

    name: str = "rejection"
    """`rejection`."""
    wave: int = Field(default=4, ge=1)
    """Samples per question drawn in parallel before it checks whether it has enough kept paths."""
    stop_early: bool = True
    """Stop sampling a question once it has enough kept paths."""


class Rejection(Method[RejectionConfig]):
    """See the module's text. Questions without a gold answer keep nothing."""

    name = "rejection"
    title = "rejection sampling"
    Config = RejectionConfig
    source = "arXiv 2308.01825, 2312.06585"
    stages: ClassVar[Mapping[str, str]] = {STAGE: TITLE}

    async def solve(self, session: Session) -> Outcome:
        config, select = self.config, session.judge.select
        judged = await plain_samples(
            session,
            self.answering,
            config.sampling.draw(),
            config.samples,
            method=self.name,
            wave=config.wave,
            enough=lambda so_far: config.stop_early and len(select(so_far, config.keep)) >= config.keep,
        )
        return Outcome(session.question, tuple(judged), tuple(select(judged, config.keep)))

    def one_chain(self) -> Self:
        return type(self)(self.config.model_copy(update={"samples": 1}), self.answering)

    def estimate(self, questions: Sequence[Question], chain_yield: float) -> Estimate:
        config = self.config
        most = len(questions) * config.samples
        share = expected_share(config.samples, config.wave, config.keep, chain_yield) if config.stop_early else 1.0
        stage = estimate_stage(chats_of(self.answering, questions), most, most * share, config.sampling)
        kept = len(questions) * min(config.keep, config.samples * chain_yield)
        return Estimate(most, most * share, kept, {STAGE: stage})

    def describe(self) -> dict[str, str]:
        return {
            "samples": f"at most {self.config.samples} a question",
            "sampling": describe_sampling(self.config.sampling),
            "kept a question": f"at most {self.config.keep}",
        }

    def warnings(self, questions: Sequence[Question]) -> list[str]:
        return chance_warning(questions, self.config.samples)
