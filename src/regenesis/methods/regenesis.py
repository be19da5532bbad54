"""The ReGenesis method (arXiv 2410.02108): general guideline → guideline for the task → structure → path.

    outcome = await ReGenesis(config.method, guidelines, prompts)(question, ordinal, sampler, judge)

A question tries its guidelines in waves: the chains of a wave run side by side, and only when all of them have
ended does it look at what it has and decide whether to go on. So what is asked next depends on the question's own
results in a fixed order, and never on which reply came first.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from regenesis.config import MethodConfig
from regenesis.guidelines import Guideline
from regenesis.methods.outcome import Judge, Outcome
from regenesis.methods.results import holds_results
from regenesis.nouns import Completion, Judged, Message, Path, Question, Sampling, seed_from
from regenesis.prompts import PromptSet
from regenesis.scheduling import Chain, Reply, Sampler, side_by_side

MOST_SELECTED = 3
"""Guidelines that one selection may join."""
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a chain starts: a guideline, or the `selection`-th sampled choice of several."""

    guideline: Guideline | None
    selection: int = 0

    @property
    def label(self) -> str:
        # no guideline's id holds a plus sign
        return self.guideline.id if self.guideline is not None else f"+{self.selection}"


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass over a question: without a hint, or with the gold answer as one."""

    hint: str | None
    sampling: Sampling

    def label(self, start: _Start) -> str:
        return start.label if self.hint is None else f"hint+{start.label}"


class ReGenesis:
    """The method, set up once for a run.

    Args:
        config: Its settings.
        guidelines: The general guidelines.
        prompts: The prompt set.
    """

    name = "regenesis"

    def __init__(self, config: MethodConfig, guidelines: Sequence[Guideline], prompts: PromptSet) -> None:
        self._config = config
        self._guidelines = tuple(guidelines)
        self._prompts = prompts

    async def __call__(self, question: Question, ordinal: int, sampler: Sampler, judge: Judge) -> Outcome:
        """Brings one question to its end.

        Raises:
            BudgetSpent: The budget of this start is used up.
            RequestFailed: A request kept failing; the question is to be asked again.
            EngineError: The engine cannot go on.
        """
        config = self._config
        voting = config.vote == "always" or (config.vote == "no_gold" and question.gold is None)
        first = _Pass(None, config.sampling.draw())
        starts = self._starts(question, sampler.run_seed, self._guidelines, config.guidelines, config.selections)
        judged = await self._waves(
            question, ordinal, sampler, judge, first, starts, stop_early=config.stop_early and not voting
        )
        if voting:
            judged = await judge.vote(judged, question)
        kept = judge.select(judged, config.keep)
        if not kept and not voting and config.hint.enabled and question.gold is not None:
            judged += await self._hint_pass(question, ordinal, sampler, judge)
            kept = judge.select(judged, config.keep)
        return Outcome(question, tuple(judged), tuple(kept))

    async def _hint_pass(self, question: Question, ordinal: int, sampler: Sampler, judge: Judge) -> list[Judged]:
        hint = self._config.hint
        again = _Pass(question.gold, replace(self._config.sampling.draw(), temperature=hint.temperature))
        suitable = [guideline for guideline in self._guidelines if not guideline.revises]
        starts = self._starts(question, sampler.run_seed, suitable, hint.guidelines, hint.selections)
        return await self._waves(question, ordinal, sampler, judge, again, starts, stop_early=self._config.stop_early)

    def _starts(
        self, question: Question, run_seed: int, guidelines: Sequence[Guideline], most: int | None, selections: int
    ) -> list[_Start]:
        """The chains to start, in an order of the question's own, so that no guideline is always first."""
        order = list(guidelines)
        random.Random(seed_from(run_seed, question.id, "order")).shuffle(order)
        return [_Start(guideline) for guideline in order[:most]] + [_Start(None, index) for index in range(selections)]

    async def _waves(
        self,
        question: Question,
        ordinal: int,
        sampler: Sampler,
        judge: Judge,
        this_pass: _Pass,
        starts: Sequence[_Start],
        *,
        stop_early: bool,
    ) -> list[Judged]:
        judged: list[Judged] = []
        for begin in range(0, len(starts), self._config.wave):
            wave = starts[begin : begin + self._config.wave]
            judged += await side_by_side(
                [
                    self._chain(question, ordinal, begin + place, sampler, judge, this_pass, start)
                    for place, start in enumerate(wave)
                ]
            )
            if stop_early and len(judge.select(judged, self._config.keep)) >= self._config.keep:
                break
        return judged

    async def _chain(
        self,
        question: Question,
        ordinal: int,
        index: int,
        sampler: Sampler,
        judge: Judge,
        this_pass: _Pass,
        start: _Start,
    ) -> Judged:
        async with sampler.chain(question, ordinal, this_pass.label(start), index) as chain:
            return await _Walk(self._config, self._guidelines, self._prompts, question, judge, this_pass, chain).follow(
                start
            )


class _Walk:
    """One chain on its way from a guideline to a judged path."""

    def __init__(
        self,
        config: MethodConfig,
        guidelines: Sequence[Guideline],
        prompts: PromptSet,
        question: Question,
        judge: Judge,
        this_pass: _Pass,
        chain: Chain,
    ) -> None:
        self._config = config
        self._guidelines = guidelines
        self._prompts = prompts
        self._question = question
        self._judge = judge
        self._pass = this_pass
        self._chain = chain
        self._history: tuple[Message, ...] = ()
        self._asked: tuple[Message, ...] = ()
        self._steps: list[tuple[str, str, str]] = []
        self._retries: list[str] = []
        self._fault = "broken"
        """Why the last reply cannot be used, if it cannot; see `_fault_of`."""

    async def follow(self, start: _Start) -> Judged:
        chosen = [start.guideline] if start.guideline is not None else await self._select(start)
        name = "+".join(guideline.id for guideline in chosen) or f"selection-{start.selection}"
        if not chosen:
            return await self._broken(name, f"{self._fault}_select" if self._fault != "broken" else "selection_unread")
        adapted = await self._ask(
            "adapt", self._limited(self._config.adapt_tokens), guideline=" ".join(g.text for g in chosen)
        )
        if adapted is None:
            return await self._broken(name, f"{self._fault}_adapt")
        self._turn(adapted)
        structure = await self._structure(adapted.completion.text.strip())
        if structure is None:
            return await self._broken(name, f"{self._fault}_structure")
        self._turn(structure)
        return await self._solve(name, structure.completion.text.strip())

    async def _select(self, start: _Start) -> list[Guideline]:
        """The guidelines that the model chose; fewer than two readable numbers are no choice."""
        offered = [guideline for guideline in self._guidelines if self._pass.hint is None or not guideline.revises]
        reply = await self._ask(
            "select",
            replace(self._pass.sampling, max_tokens=min(64, self._pass.sampling.max_tokens)),
            guidelines=[guideline.text for guideline in offered],
        )
        if reply is None:
            return []
        numbers = dict.fromkeys(
            int(digits) for digits in _NUMBER.findall(reply.completion.text[:2000]) if len(digits) <= 4
        )
        chosen = [offered[number - 1] for number in numbers if 1 <= number <= len(offered)]
        return chosen[:MOST_SELECTED] if len(chosen) >= 2 else []

    async def _structure(self, adapted: str) -> Reply | None:
        sampling = self._limited(self._config.structure_tokens)
        reply = await self._ask("structure", sampling, adapted=adapted)
        if (
            reply is not None
            and self._config.retry_unusable
            and holds_results(reply.completion.text, self._question.text)
        ):
            self._retries.append("structure")
            first_steps = self._steps
            again = await self._ask("structure", sampling, sample=1, adapted=adapted)
            if again is not None:
                # taken whatever it holds: the path decides in the end
                return again
            self._steps = first_steps
        return reply

    async def _solve(self, name: str, structure: str) -> Judged:
        earlier_steps = self._steps
        judged = await self._attempt(name, structure, sample=0)
        if judged.defect == "no_steps" and self._config.retry_unusable:
            self._retries.append("solve")
            self._steps = earlier_steps  # what was said of the first path says nothing of the second
            judged = await self._attempt(name, structure, sample=1)
        return judged

    async def _attempt(self, name: str, structure: str, sample: int) -> Judged:
        reply = await self._ask("solve", self._pass.sampling, sample=sample, structure=structure)
        if reply is None:
            return await self._broken(name, f"{self._fault}_solve")
        if self._config.summarise:
            await self._ask("summarise", self._pass.sampling, sample=sample, fresh=True, path=reply.completion.text)
        judged = await self._judge.judge(self._path(name, reply), self._question)
        if not self._wants_second_opinion(judged):
            return judged
        values = {"path": reply.completion.text, "gold": self._question.gold}
        await self._ask("judge", self._pass.sampling, sample=sample, fresh=True, **values)
        return await self._judge.judge(self._path(name, reply), self._question)

    def _wants_second_opinion(self, judged: Judged) -> bool:
        mode = self._config.self_judge
        if mode == "off" or self._question.gold is None:
            return False
        return mode == "and" or judged.verdict.status == "unparsed"

    async def _ask(
        self, stage: str, sampling: Sampling, *, sample: int = 0, fresh: bool = False, **values: object
    ) -> Reply | None:
        """Asks for one stage; `None` if the reply is refused or empty. `fresh` starts a chat of its own."""
        history = () if fresh else self._history
        messages = self._prompts.messages(stage, self._question, history, hint=self._pass.hint, **values)
        reply = await self._chain.ask(stage, messages, sampling, sample)
        self._steps = [step for step in self._steps if step[0] != stage] + [(stage, reply.key, reply.completion.text)]
        if not fresh:
            self._asked = messages
        self._fault = _fault_of(reply.completion)
        return reply if reply.completion.text.strip() and not reply.completion.refused else None

    def _turn(self, reply: Reply) -> None:
        """Adds what was asked last and its reply to the chain's chat."""
        self._history = (*self._asked, Message("assistant", reply.completion.text.strip()))

    def _limited(self, most: int | None) -> Sampling:
        sampling = self._pass.sampling
        return sampling if most is None else replace(sampling, max_tokens=min(most, sampling.max_tokens))

    def _path(self, name: str, reply: Reply | None, defect: str | None = None) -> Path:
        completion = reply.completion if reply is not None else None
        return Path(
            question_id=self._question.id,
            method=ReGenesis.name,
            guideline=name,
            hinted=self._pass.hint is not None,
            steps=tuple(self._steps),
            text=completion.text if completion is not None else "",
            tokens=completion.reply_tokens if completion is not None else 0,
            truncated=completion is not None and completion.finish_reason == "length",
            defect=defect,
            retries=tuple(self._retries),
        )

    async def _broken(self, name: str, defect: str) -> Judged:
        return await self._judge.judge(self._path(name, None, defect), self._question)


def _fault_of(completion: Completion) -> str:
    """Why a completion cannot be used, for those that cannot; the stage's name goes behind it.

    A model that was cut inside its thought, or that thought and then replied nothing, needs other advice than one that
    wrote nothing at all.
    """
    if completion.refused:
        return completion.finish_reason
    if completion.only_thought:
        return "thought_truncated" if completion.finish_reason == "length" else "thought_only"
    return "broken"
