"""Plain samples in waves, until a question has enough right ones: what rejection sampling and STaR begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self, TypeVar

from regenesis.methods.base import Method, Session
from regenesis.methods.chance import chance_warning
from regenesis.methods.estimates import Estimate
from regenesis.methods.plain import (
    STAGE,
    TITLE,
    PlainSamplesConfig,
    chats_of,
    describe_sampling,
    estimate_stage,
    plain_samples,
)
from regenesis.methods.waves import WavesConfig
from regenesis.types import GradedPath, Question


class UntilEnoughConfig(PlainSamplesConfig, WavesConfig):
    """Plain samples in waves."""


ConfigT = TypeVar("ConfigT", bound=UntilEnoughConfig)


class UntilEnough(Method[ConfigT]):
    """A method that begins with plain samples and keeps the right ones."""

    stages: ClassVar[Mapping[str, str]] = {STAGE: TITLE}

    async def draw(self, session: Session) -> list[GradedPath]:
        """The question's plain samples, graded."""
        config = self.config
        return await plain_samples(
            session,
            self.answering,
            config.sampling.draw(),
            config.samples,
            method=self.name,
            next_wave=lambda so_far: config.next_wave(session, so_far),
        )

    def one_chain(self) -> Self:
        return type(self)(self.config.model_copy(update={"samples": 1}), self.answering)

    def estimate(self, questions: Sequence[Question], chain_yield: float) -> Estimate:
        config = self.config
        most = len(questions) * config.samples
        share = config.expected_share(config.samples, chain_yield)
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
