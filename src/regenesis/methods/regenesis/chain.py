"""One chain on its way from a guideline to its graded path, or to several that follow from one structure.

    judged = await follow(method, session, Pass(None, sampling), Start(guideline), place)

Stages are turns of one chat where the prompt set says so. A stage whose usual predecessor is left out has a template of
its own (`structure_alone`, `solve_alone`) and starts a chat of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from regenesis.methods.base import Opinion, Session
from regenesis.methods.faults import BROKEN, fault_of, is_usable
from regenesis.methods.regenesis.endings import standing
from regenesis.methods.regenesis.guidelines import Guideline
from regenesis.methods.regenesis.structures import TRUNCATED, fault_of_advice, fault_of_plan, holds_results
from regenesis.scheduling import Chain, Reply
from regenesis.types import Completion, GradedPath, Message, ReasoningPath, Sampling

if TYPE_CHECKING:
    from regenesis.methods.regenesis.method import ReGenesis

MOST_SELECTED = 3
"""Guidelines that one selection may join."""
SELECT_TOKENS = 64
_NUMBER = re.compile(r"\d+")
_LAST_HEADING = re.compile(r"^\W*solution\b[^\n]*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a chain starts: a guideline, the `selection`-th sampled choice of several, or nothing at all."""

    guideline: Guideline | None = None
    selection: int | None = None
    unguided: int | None = None

    @property
    def label(self) -> str:
        # no guideline's id holds a plus sign
        if self.guideline is not None:
            return self.guideline.id
        return f"+{self.selection}" if self.selection is not None else f"+unguided-{self.unguided}"


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over a question: without a hint, or with the gold answer as one."""

    hint: str | None
    sampling: Sampling

    def label(self, start: Start) -> str:
        return start.label if self.hint is None else f"hint+{start.label}"


async def follow(method: ReGenesis, session: Session, this_pass: Pass, start: Start, place: int) -> list[GradedPath]:
    """Leads one chain to its end: its paths, or one that has a defect and no text where the chain breaks off."""
    async with session.chain(this_pass.label(start), place) as chain:
        return await _ChainRun(method, session, this_pass, chain).follow(start)


class _ChainRun:
    def __init__(self, method: ReGenesis, session: Session, this_pass: Pass, chain: Chain) -> None:
        self._method = method
        self._config = method.config
        self._prompts = method.prompts
        self._question = session.question
        self._judge = session.judge
        self._pass = this_pass
        self._chain = chain
        self._history: tuple[Message, ...] = ()
        self._asked: tuple[Message, ...] = ()
        self._steps: list[tuple[str, str, str]] = []
        self._retries: list[str] = []
        self._fault = BROKEN
        """Why the last reply cannot be used, if it cannot."""
        self._thinks = False
        """Whether any reply so far came with a thought."""
        self._unmarked: dict[str, None] = {}
        """Stages whose text was cut at its limit and shows no thought."""

    async def follow(self, start: Start) -> list[GradedPath]:
        chosen = [start.guideline] if start.guideline is not None else []
        name = start.guideline.id if start.guideline is not None else "unguided"
        if start.selection is not None:
            chosen = await self._select()
            name = "+".join(guideline.id for guideline in chosen) or f"selection-{start.selection}"
            if not chosen:
                defect = f"{self._fault}_select" if self._fault != BROKEN else "selection_unread"
                return [await self._broken(name, defect)]
        guideline = " ".join(one.text for one in chosen) or None
        if self._config.fused:
            return [await self._fused(name, guideline)]
        adapted: Reply | None = None
        if "adapt" in self._config.stages and guideline is not None:
            sampling = self._limited(self._config.adapt_tokens)
            adapted = await self._lead("adapt", sampling, fault_of_advice, guideline=guideline)
            if adapted is None:
                return [await self._broken(name, f"{self._fault}_adapt")]
            self._turn(adapted)
            guideline = adapted.completion.text.strip()
        structure: str | None = None
        if "structure" in self._config.stages:
            reply = await self._structure(guideline, alone=adapted is None)
            if reply is None:
                return [await self._broken(name, f"{self._fault}_structure")]
            self._turn(reply)
            structure = reply.completion.text.strip()
        lead = self._steps, self._history, self._retries
        judged: list[GradedPath] = []
        for number in range(self._config.solves):
            # every path begins where the lead ended, whatever became of the one before
            self._steps, self._history, self._retries = list(lead[0]), lead[1], list(lead[2])
            judged.append(await self._solve(name, guideline, structure, number))
        return judged

    async def _select(self) -> list[Guideline]:
        """The guidelines that the model chose; fewer than two readable numbers are no choice."""
        offered = self._method.suitable(hinted=self._pass.hint is not None)
        reply = await self._ask(
            "select",
            replace(self._pass.sampling, max_tokens=min(SELECT_TOKENS, self._pass.sampling.max_tokens)),
            guidelines=[guideline.text for guideline in offered],
        )
        if reply is None:
            return []
        numbers = dict.fromkeys(
            int(digits) for digits in _NUMBER.findall(reply.completion.text[:2000]) if len(digits) <= 4
        )
        chosen = [offered[number - 1] for number in numbers if 1 <= number <= len(offered)]
        return chosen[:MOST_SELECTED] if len(chosen) >= 2 else []

    async def _structure(self, guideline: str | None, *, alone: bool) -> Reply | None:
        sampling = self._limited(self._config.structure_tokens)
        template = "structure_alone" if alone else "structure"
        values: dict[str, Any] = {"guideline": guideline} if alone else {"adapted": guideline}
        return await self._lead(
            "structure",
            sampling,
            fault_of_plan,
            lambda text: holds_results(text, self._question.text),
            template=template,
            **values,
        )

    async def _lead(
        self,
        stage: str,
        sampling: Sampling,
        fault_of_lead: Callable[[Completion], str | None],
        is_poor: Callable[[str], bool] = lambda text: False,
        **asked: Any,
    ) -> Reply | None:
        """Asks for what leads a chain; once more where it has a fault or is poor.

        What has a fault again breaks the chain. What is only poor is taken the second time: the path decides.
        """
        reply = await self._ask(stage, sampling, **asked)
        if reply is None or not self._config.retry_unusable:
            return reply
        fault = fault_of_lead(reply.completion)
        if fault is None and not is_poor(reply.completion.text):
            return reply
        self._retries.append(stage)
        first_steps = self._steps
        again = await self._ask(stage, sampling, sample=1, **asked)
        fault_again = fault_of_lead(again.completion) if again is not None else fault
        if again is not None and fault_again is None:
            return again
        if fault is None:
            self._steps = first_steps
            self._unmarked.pop(stage, None)
            return reply
        if fault_again is not None:
            # of a model that thinks, a text that was cut and shows no thought is a thought
            thought = fault_again == TRUNCATED and self._thinks
            self._fault = "thought_truncated" if thought else fault_again
        return None

    async def _solve(self, name: str, guideline: str | None, structure: str | None, number: int) -> GradedPath:
        """The `number`-th path that follows from the lead."""
        earlier_steps = self._steps
        sample = 2 * number
        judged = await self._attempt(name, guideline, structure, sample)
        if judged.defect == "no_steps" and self._config.retry_unusable:
            self._retries.append("solve")
            self._steps = earlier_steps  # what was said of the first path says nothing of the second
            again = await self._attempt(name, guideline, structure, sample + 1)
            if again.defect == "refused_solve":
                return judged  # the engine, or a ledger without it, gave no second one
            judged = again
        return await self._repaired(judged, sample) if self._prompts.repairs else judged

    async def _repaired(self, judged: GradedPath, sample: int) -> GradedPath:
        """The path with an end, where that is all it lacks and the model gives it one."""
        text = standing(judged)
        if text is None:
            return judged
        self._history = (*self._asked, Message("assistant", text))
        sampling = self._limited(self._config.repair_tokens)
        reply = await self._ask("repair", sampling, sample=sample, same_chat=True, truncated=judged.path.truncated)
        if reply is None:
            return judged
        completion = reply.completion
        path = replace(
            judged.path,
            steps=tuple(self._steps),
            text=f"{text}\n\n{completion.text.strip()}",
            tokens=judged.path.tokens + completion.reply_tokens,
            truncated=completion.finish_reason == "length",
        )
        return await self._graded(path, sample)

    async def _attempt(self, name: str, guideline: str | None, structure: str | None, sample: int) -> GradedPath:
        if structure is None:
            self._history = ()
            reply = await self._ask(
                "solve", self._pass.sampling, template="solve_alone", sample=sample, guideline=guideline
            )
        else:
            reply = await self._ask("solve", self._pass.sampling, sample=sample, structure=structure)
        if reply is None:
            return await self._broken(name, f"{self._fault}_solve")
        if reply.completion.thought and self._unmarked:
            # The model thinks, so a text that was cut and shows no thought is a thought whose end never came: where the
            # chat template opens it, nothing but its closing mark tells it from a reply.
            return await self._broken(name, f"thought_truncated_{next(iter(self._unmarked))}")
        return await self._graded(self._path(name, reply, reply.completion.text), sample)

    async def _fused(self, name: str, guideline: str | None) -> GradedPath:
        reply = await self._ask("fused", self._pass.sampling, guideline=guideline)
        if reply is None:
            return await self._broken(name, f"{self._fault}_fused")
        headings = list(_LAST_HEADING.finditer(reply.completion.text))
        if not headings:
            return await self._broken(name, "no_solution_part")
        text = reply.completion.text[headings[-1].end() :].strip()
        return await self._graded(self._path(name, reply, text), sample=0)

    async def _graded(self, path: ReasoningPath, sample: int) -> GradedPath:
        """The path as graded, after the model was asked of it where the config wants that."""
        stand_ins: list[str] = []
        # as published, not in the pass with a hint
        if self._config.summarise and self._pass.hint is None:
            summary = await self._ask("summarise", self._pass.sampling, sample=sample, fresh=True, path=path.text)
            stand_ins = [summary.completion.text] if summary is not None else []
            path = replace(path, steps=tuple(self._steps))
        judged = await self._judge.judge(path, self._question, stand_ins=stand_ins)
        mode = self._config.self_judge
        if (
            mode == "off"
            or self._question.gold is None
            or (mode == "tie-break" and judged.verdict.status != "unparsed")
        ):
            return judged
        values: dict[str, Any] = {"path": path.text, "gold": self._question.gold}
        reply = await self._ask("judge", self._pass.sampling, sample=sample, fresh=True, **values)
        opinion = Opinion(reply.completion.text if reply is not None else "", mode)
        path = replace(path, steps=tuple(self._steps))
        return await self._judge.judge(path, self._question, stand_ins=stand_ins, opinion=opinion)

    async def _ask(
        self,
        stage: str,
        sampling: Sampling,
        *,
        template: str | None = None,
        sample: int = 0,
        fresh: bool = False,
        same_chat: bool = False,
        **values: Any,
    ) -> Reply | None:
        """Asks for one stage; `None` if the reply is refused or empty.

        `fresh` asks outside the chain's chat, `same_chat` as its next turn whatever the prompt set says.
        """
        history = () if fresh else self._history
        messages = self._prompts.messages(
            template or stage, self._question, history, same_chat=same_chat, hint=self._pass.hint, **values
        )
        reply = await self._chain.ask(stage, messages, sampling, sample)
        self._steps = [step for step in self._steps if step[0] != stage] + [(stage, reply.key, reply.completion.text)]
        if not fresh:
            self._asked = messages
        self._fault = fault_of(reply.completion)
        self._thinks = self._thinks or bool(reply.completion.thought_tokens)
        self._unmarked.pop(stage, None)
        if stage != "solve" and reply.completion.finish_reason == "length" and not reply.completion.thought_tokens:
            self._unmarked[stage] = None
        return reply if is_usable(reply.completion) else None

    def _turn(self, reply: Reply) -> None:
        """Adds what was asked last and its reply to the chain's chat."""
        self._history = (*self._asked, Message("assistant", reply.completion.text.strip()))

    def _limited(self, most: int | None) -> Sampling:
        sampling = self._pass.sampling
        if most is None or most >= sampling.max_tokens:
            return sampling
        return Sampling(sampling.temperature, sampling.top_p, most)

    def _path(self, name: str, reply: Reply | None, text: str, defect: str | None = None) -> ReasoningPath:
        completion = reply.completion if reply is not None else None
        return ReasoningPath(
            question_id=self._question.id,
            method=self._method.name,
            guideline=name,
            hinted=self._pass.hint is not None,
            steps=tuple(self._steps),
            text=text,
            tokens=completion.reply_tokens if completion is not None else 0,
            truncated=completion is not None and completion.finish_reason == "length",
            defect=defect,
            retries=tuple(self._retries),
        )

    async def _broken(self, name: str, defect: str) -> GradedPath:
        return await self._judge.judge(self._path(name, None, "", defect), self._question)
