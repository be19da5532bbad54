"""Plain samples in waves, until a question has enough right ones: what rejection sampling and STaR begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self, TypeVar

from pydantic import Field

from regenesis.methods.base import Method, Session
from regenesis.methods.chance import chance_warning
from regenesis.methods.estimates import Estimate, expected_share
from regenesis.methods.plain import (
    STAGE,
    TITLE,
    PlainSamplesConfig,
    chats_of,
    describe_sampling,
    estimate_stage,
    plain_samples,
)
from regenesis.section import EXTENDS
from regenesis.types import GradedPath, Question


class UntilEnoughConfig(PlainSamplesConfig):
    """Plain samples in waves."""

    wave: int = Field(default=4, ge=1, json_schema_extra=EXTENDS)
    """Samples per question drawn in parallel before it checks whether it has enough kept paths."""
    stop_early: bool = Field(default=True, json_schema_extra=EXTENDS)
    """Stop sampling a question once it has enough kept paths."""


ConfigT = TypeVar("ConfigT", bound=UntilEnoughConfig)


class UntilEnough(Method[ConfigT]):
    """A method that begins with plain samples and keeps the right ones."""

    stages: ClassVar[Mapping[str, str]] = {STAGE: TITLE}

    async def draw(self, session: Session) -> list[GradedPath]:
        """The question's plain samples, graded."""
        config, select = self.config, session.judge.select
        return await plain_samples(
            session,
            self.answering,
            config.sampling.draw(),
            config.samples,
            method=self.name,
            wave=config.wave,
            enough=lambda so_far: config.stop_early and len(select(so_far, config.keep)) >= config.keep,
        )

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
