"""The method: which chains a question starts, in waves, without a hint and then with one.

What a chain asks is in `chain`; the prompts are in `prompts`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar, Literal, Self

from regenesis.errors import ConfigError
from regenesis.methods.base import Method, Outcome, Session
from regenesis.methods.estimates import Estimate
from regenesis.methods.plain import describe_sampling
from regenesis.methods.regenesis.chain import Pass, Start, follow
from regenesis.methods.regenesis.config import ReGenesisConfig
from regenesis.methods.regenesis.estimate import estimate
from regenesis.methods.regenesis.generating import generate_guidelines
from regenesis.methods.regenesis.guidelines import Guideline, load_guidelines
from regenesis.methods.regenesis.prompts import PromptSet, load_prompts, told_of_unasked
from regenesis.methods.waves import WavesConfig, in_waves
from regenesis.prompts import AnsweringPrompt
from regenesis.scheduling import Sampler
from regenesis.types import GradedPath, Question, seed_from


class ReGenesis(Method[ReGenesisConfig]):
    """See the module's text.

    Args:
        config: Its settings.
        answering: The prompt that kept paths are trained as answers to.
        guidelines: General guidelines in place of those that the config names.
        prompts: A prompt set in place of the one that the config names.

    Raises:
        ConfigError: The guidelines or the prompt set cannot be loaded, or lack something that the stages need.
    """

    name = "regenesis"
    title = "ReGenesis"
    Config = ReGenesisConfig
    source = "arXiv 2410.02108"
    stages: ClassVar[Mapping[str, str]] = {
        "guidelines": "guidelines, written by the model",
        "select": "guidelines chosen",
        "adapt": "adapted guideline",
        "structure": "reasoning structure",
        "solve": "reasoning path",
        "fused": "guideline, structure and path in one reply",
        "repair": "end of a path",
        "summarise": "final answer, asked for separately",
        "judge": "the model's own judgement",
    }

    def __init__(
        self,
        config: ReGenesisConfig,
        answering: AnsweringPrompt,
        *,
        guidelines: Sequence[Guideline] | None = None,
        prompts: PromptSet | None = None,
    ) -> None:
        super().__init__(config, answering)
        self.prompts = prompts or load_prompts(config.prompts, config)
        self._generates = config.guidelines == "generate"
        if self._generates:
            self.guidelines: tuple[Guideline, ...] = ()
        else:
            self.guidelines = tuple(load_guidelines(config.guidelines_file) if guidelines is None else guidelines)
            if isinstance(config.guidelines, list):
                self.guidelines = _named(self.guidelines, config.guidelines)

    async def prepare(self, sampler: Sampler) -> None:
        if self._generates:
            self.guidelines = await generate_guidelines(sampler, self.config, self.prompts)

    @property
    def votes(self) -> Literal["no_gold", "always", "never"]:
        return self.config.vote

    async def solve(self, session: Session) -> Outcome:
        config, question = self.config, session.question
        voting = self.votes_on(question)
        first = Pass(None, config.sampling.draw())
        starts = self._starts(session, self.guidelines, self.tried, config.selections, config.unguided)
        # without gold no path is right before the vote, for which all chains count
        sizes = config.model_copy(update={"stop_early": False, "give_up": None}) if voting else config
        judged = await self._waves(session, first, starts, sizes)
        if voting:
            judged = await session.judge.vote(judged, question, config.min_votes)
        kept = session.judge.select(judged, config.keep)
        hinted = config.hint.enabled and not voting and question.gold is not None
        if hinted and not kept and not session.judge.seldom_right(judged):
            judged += await self._hint_pass(session)
            kept = session.judge.select(judged, config.keep)
        return Outcome(question, tuple(judged), tuple(kept))

    def votes_on(self, question: Question) -> bool:
        """Whether the majority answer of the question's own paths takes the place of gold."""
        return self.config.vote == "always" or (self.config.vote == "no_gold" and question.gold is None)

    @property
    def tried(self) -> int | None:
        """Most guidelines tried per question, `None` for all there are."""
        return self.config.guidelines if isinstance(self.config.guidelines, int) else None

    def suitable(self, *, hinted: bool) -> tuple[Guideline, ...]:
        """The guidelines that a pass offers: with the answer at hand there is no attempt to revise."""
        return tuple(guideline for guideline in self.guidelines if not (hinted and guideline.revises))

    async def _hint_pass(self, session: Session) -> list[GradedPath]:
        hint = self.config.hint
        sampling = replace(self.config.sampling.draw(), temperature=hint.temperature)
        unguided = hint.guidelines if self.config.unguided and not self.guidelines else 0
        starts = self._starts(session, self.suitable(hinted=True), hint.guidelines, hint.selections, unguided or 0)
        return await self._waves(session, Pass(session.question.gold, sampling), starts, self.config)

    def _starts(
        self, session: Session, guidelines: Sequence[Guideline], most: int | None, selections: int, unguided: int
    ) -> list[Start]:
        """The chains to start, in an order of the question's own, so that no guideline is always first."""
        order = list(guidelines)
        random.Random(seed_from(session.run_seed, session.question.id, "order")).shuffle(order)
        return [
            *(Start(guideline) for guideline in order[:most]),
            *(Start(selection=number) for number in range(selections)),
            *(Start(unguided=number) for number in range(unguided)),
        ]

    async def _waves(
        self, session: Session, this_pass: Pass, starts: Sequence[Start], sizes: WavesConfig
    ) -> list[GradedPath]:
        return await in_waves(
            starts,
            lambda judged: sizes.next_wave(session, judged, self.config.solves),
            lambda place, start: follow(self, session, this_pass, start, place),
        )

    def one_chain(self) -> Self:
        hint = self.config.hint.model_copy(update={"enabled": False})
        guided = self.config.guidelines not in (0, [])
        few = {
            "guidelines": 1 if guided else 0,
            "unguided": 0 if guided else 1,
            "selections": 0,
            "wave": 1,
            "solves": 1,
        }
        config = self.config.model_copy(update=few | {"hint": hint, "retry_unusable": False, "repair": False})
        return type(self)(config, self.answering)

    def estimate(self, questions: Sequence[Question], chain_yield: float) -> Estimate:
        return estimate(self, questions, chain_yield)

    def describe(self) -> dict[str, str]:
        config = self.config
        tried = "generated" if self._generates else f"{len(self.guidelines)}, {self.tried or 'all'} a question"
        more = [f"{config.selections} sampled selections"]
        more += [f"{config.unguided} chains without a guideline"] if config.unguided else []
        return {
            "stages": "all in one call" if config.fused else " → ".join(config.stages),
            "prompts": f"{self.prompts.name} ({self.prompts.digest})",
            "guidelines": f"{tried}, and {' and '.join(more)}",
            "sampling": describe_sampling(config.sampling),
            "hint pass": f"for questions that kept nothing, temperature {config.hint.temperature}"
            if config.hint.enabled
            else "none",
            **({"paths a structure": str(config.solves)} if config.solves > 1 else {}),
            "kept a question": f"at most {config.keep}",
        }

    def inputs(self) -> dict[str, Any]:
        listed = "generated" if self._generates else [asdict(guideline) for guideline in self.guidelines]
        return {"guidelines": listed, "prompt set": self.prompts.digest_with(self.answering)}

    def growing_inputs(self) -> dict[str, dict[str, Any]]:
        return {"guidelines": {guideline.id: asdict(guideline) for guideline in self.guidelines}}

    def remarks(self) -> list[str]:
        return told_of_unasked(self.prompts)

    def legend(self) -> dict[str, str]:
        return {guideline.id: guideline.text for guideline in self.guidelines}

    @property
    def scaffold(self) -> tuple[str, ...]:
        return self.prompts.scaffold


def _named(guidelines: Sequence[Guideline], ids: Sequence[str]) -> tuple[Guideline, ...]:
    known = {guideline.id: guideline for guideline in guidelines}
    unknown = [one for one in ids if one not in known]
    if unknown:
        raise ConfigError(f"method.guidelines: there is no guideline {unknown[0]!r}; there are {', '.join(known)}.")
    return tuple(known[one] for one in dict.fromkeys(ids))
