"""STaR: plain samples, then rationalisation of the questions they all failed (Zelikman et al., arXiv 2203.14465).

A question without a right sample is put once more with its answer as a hint, and the model explains the way there. What
is trained on is that explanation as the reply to the question alone: the hint is in no training prompt. Over several
rounds, each round samples with the newest model and trains the one that the run began with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, ClassVar, Self

from pydantic import Field

from regenesis.methods.base import Method, Outcome, Session
from regenesis.methods.estimates import Estimate, expected_share, sampled
from regenesis.methods.plain import (
    STAGE,
    TITLE,
    PlainSamplesConfig,
    chance_warning,
    chats_of,
    describe_sampling,
    estimate_stage,
    path_of,
    plain_samples,
)
from regenesis.prompts import AnsweringPrompt, TemplateFolder
from regenesis.types import GradedPath, Message, Question

RATIONALISE = "rationalise"
_PROMPT = f"{RATIONALISE}.j2"


class STaRConfig(PlainSamplesConfig):
    """Plain samples, then failed questions once more with the answer as a hint."""

    name: str = "star"
    """`star`."""
    wave: int = Field(default=4, ge=1)
    """Samples per question drawn in parallel before it checks whether it has enough kept paths."""
    stop_early: bool = True
    """Stop sampling a question once it has enough kept paths."""
    rationalise: bool = True
    """Retry a question that no sample answered correctly, with its answer as a hint."""
    rationalisations: int = Field(default=1, ge=1)
    """Hinted samples per such question."""


class STaR(Method[STaRConfig]):
    """See the module's text. Questions without a gold answer keep nothing."""

    name = "star"
    title = "STaR"
    Config = STaRConfig
    source = "arXiv 2203.14465"
    stages: ClassVar[Mapping[str, str]] = {STAGE: TITLE, RATIONALISE: "explanation of the answer given as a hint"}

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
        config, select, question = self.config, session.judge.select, session.question
        judged = await plain_samples(
            session,
            self.answering,
            config.sampling.draw(),
            config.samples,
            method=self.name,
            wave=config.wave,
            enough=lambda so_far: config.stop_early and len(select(so_far, config.keep)) >= config.keep,
        )
        failed = not any(one.verdict.correct for one in judged)
        if config.rationalise and failed and question.gold is not None:
            judged += await self._rationalise(session)
        return Outcome(question, tuple(judged), tuple(select(judged, config.keep)))

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

    def one_chain(self) -> Self:
        return type(self)(self.config.model_copy(update={"samples": 1}), self.answering)

    def estimate(self, questions: Sequence[Question], chain_yield: float) -> Estimate:
        config, count = self.config, len(questions)
        most = count * config.samples
        share = expected_share(config.samples, config.wave, config.keep, chain_yield) if config.stop_early else 1.0
        stages = {STAGE: estimate_stage(chats_of(self.answering, questions), most, most * share, config.sampling)}
        failed = (1 - chain_yield) ** config.samples
        hinted = sum(question.gold is not None for question in questions) if config.rationalise else 0
        if hinted:
            chats = [self._hinted(question) for question in sampled(questions)]
            stages[RATIONALISE] = estimate_stage(
                chats, hinted * config.rationalisations, hinted * failed, config.sampling
            )
        return Estimate(
            most_chains=most + hinted * config.rationalisations,
            expected_chains=most * share + hinted * failed,
            expected_kept=count * min(config.keep, config.samples * chain_yield),
            stages=stages,
        )

    def describe(self) -> dict[str, str]:
        return {
            "samples": f"at most {self.config.samples} a question",
            "sampling": describe_sampling(self.config.sampling),
            "rationalisation": f"of failed questions, {self.config.rationalisations} with the answer as a hint"
            if self.config.rationalise
            else "none",
            "kept a question": f"at most {self.config.keep}",
        }

    def inputs(self) -> dict[str, Any]:
        return super().inputs() | {"rationalisation prompt": self._source}

    def warnings(self, questions: Sequence[Question]) -> list[str]:
        return chance_warning(questions, self.config.samples)

    @property
    def scaffold(self) -> tuple[str, ...]:
        return ("for your eyes only", "nobody had told")
