"""STaR: plain samples, then rationalisation of the questions they all failed (Zelikman et al., arXiv 2203.14465).

A question without a right sample is put once more with its answer as a hint, and the model explains the way there. What
is trained on is that explanation as the reply to the question alone: the hint is in no training prompt. Over several
rounds, each round samples with the newest model and trains the one that the run began with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from typing import Any, ClassVar

from pydantic import Field

from regenesis.methods.base import Outcome, Session
from regenesis.methods.estimates import Estimate, sampled
from regenesis.methods.plain import estimate_stage, path_of
from regenesis.methods.until_enough import UntilEnough, UntilEnoughConfig
from regenesis.prompts import AnsweringPrompt, TemplateFolder
from regenesis.section import EXTENDS
from regenesis.types import GradedPath, Message, Question

RATIONALISE = "rationalise"
_PROMPT = f"{RATIONALISE}.j2"


class STaRConfig(UntilEnoughConfig):
    """Plain samples, then failed questions once more with the answer as a hint."""

    name: str = "star"
    """`star`."""
    rationalise: bool = Field(default=True, json_schema_extra=EXTENDS)
    """Retry a question that no sample answered correctly, with its answer as a hint."""
    rationalisations: int = Field(default=1, ge=1, json_schema_extra=EXTENDS)
    """Hinted samples per such question."""


class STaR(UntilEnough[STaRConfig]):
    """See the module's text. Questions without a gold answer keep nothing."""

    name = "star"
    title = "STaR"
    Config = STaRConfig
    source = "arXiv 2203.14465"
    stages: ClassVar[Mapping[str, str]] = {
        **UntilEnough.stages,
        RATIONALISE: "explanation of the answer given as a hint",
    }

    def __init__(self, config: STaRConfig, answering: AnsweringPrompt) -> None:
        super().__init__(config, answering)
        source = resources.files(__package__).joinpath("star_prompts", _PROMPT).read_text("utf-8")
        self._prompt = TemplateFolder(
            "STaR's prompts",
            {_PROMPT: source, "answer_form.j2": answering.form},
            {RATIONALISE: frozenset({"question", "hint"})},
        )
        self._source = source

    async def solve(self, session: Session) -> Outcome:
        config, question = self.config, session.question
        judged = await self.draw(session)
        failed = not any(one.verdict.correct for one in judged)
        if config.rationalise and failed and question.gold is not None and not session.judge.seldom_right(judged):
            judged += await self._rationalise(session)
        return Outcome(question, tuple(judged), tuple(session.judge.select(judged, config.keep)))

    async def _rationalise(self, session: Session) -> list[GradedPath]:
        messages = self._hinted(session.question)
        judged = []
        # one after another: more than one is rare, and the first that is right ends it
        for index in range(self.config.rationalisations):
            async with session.chain(RATIONALISE, self.config.samples + index) as chain:
                reply = await chain.ask(RATIONALISE, messages, self.config.sampling.draw(), index)
            path = path_of(session.question, self.name, RATIONALISE, reply, hinted=True)
            judged.append(await session.judge.judge(path, session.question))
            if judged[-1].keepable:
                break
        return judged

    def _hinted(self, question: Question) -> tuple[Message, ...]:
        turn = Message("user", self._prompt.render(RATIONALISE, question=question, hint=question.gold))
        system = self.answering.config.system
        return (Message("system", system), turn) if system else (turn,)

    def estimate(self, questions: Sequence[Question], chain_yield: float) -> Estimate:
        config, plain = self.config, super().estimate(questions, chain_yield)
        hinted = sum(question.gold is not None for question in questions) if config.rationalise else 0
        if not hinted:
            return plain
        chats = [self._hinted(question) for question in sampled(questions)]
        most, expected = hinted * config.rationalisations, hinted * (1 - chain_yield) ** config.samples
        return replace(
            plain,
            most_chains=plain.most_chains + most,
            expected_chains=plain.expected_chains + expected,
            stages={**plain.stages, RATIONALISE: estimate_stage(chats, most, expected, config.sampling)},
        )

    def describe(self) -> dict[str, str]:
        hinted = f"of failed questions, {self.config.rationalisations} with the answer as a hint"
        return super().describe() | {"rationalisation": hinted if self.config.rationalise else "none"}

    def inputs(self) -> dict[str, Any]:
        return super().inputs() | {"rationalisation prompt": self._source}

    @property
    def scaffold(self) -> tuple[str, ...]:
        return ("for your eyes only", "nobody had told")
