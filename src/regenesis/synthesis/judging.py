"""Judges paths: the checker's verdict, the curator's fitness, and the vote where there is no gold answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from regenesis.answers import Vote, check, combine, read_judgement, vote
from regenesis.curation import Curator
from regenesis.curation.config import CurationConfig
from regenesis.methods import Method, Opinion
from regenesis.types import GradedPath, Question, ReasoningPath, Status, Verdict


class PathJudge:
    """What a method asks about each path; see `regenesis.methods.Judge`.

    Args:
        curation: Which paths are fit.
        scaffold: Phrases of the method's prompts that no path may repeat.
        on_fit: Is told of each path that is right and fit, as soon as that is known.
    """

    def __init__(
        self,
        curation: CurationConfig,
        scaffold: Sequence[str] = (),
        on_fit: Callable[[Question, GradedPath], None] | None = None,
    ) -> None:
        self.curator = Curator(curation, scaffold=scaffold)
        self._on_fit = on_fit
        boxed = curation.model_copy(update={"boxed": "keep"})
        # where the training text has its box taken off, its answer is still read from the text with the box on
        self._boxed = Curator(boxed, scaffold=scaffold) if curation.boxed == "unwrap" else None

    @classmethod
    def of(
        cls,
        curation: CurationConfig,
        method: Method[Any],
        on_fit: Callable[[Question, GradedPath], None] | None = None,
    ) -> PathJudge:
        """The judge of a run's paths: whoever judges them, when, and in which process, judges them alike."""
        return cls(curation, method.unspeakable, on_fit)

    async def judge(
        self, path: ReasoningPath, question: Question, *, stand_ins: Sequence[str] = (), opinion: Opinion | None = None
    ) -> GradedPath:
        """The path with its verdict, its defect and its training text."""
        if path.defect is not None:
            return GradedPath(path, Verdict("unparsed", None, "the chain broke off", "broken"), path.defect, "")
        text = self.curator.clean(path, question)
        verdict = await self._verdict(path, text, question, stand_ins)
        if opinion is not None:
            verdict = combine(verdict, read_judgement(opinion.reply), opinion.mode)
        judged = GradedPath(path, verdict, self.curator.defect(path, text, question), text)
        self.tell(question, judged)
        return judged

    def tell(self, question: Question, judged: GradedPath) -> None:
        """Tells of a path where it is right and fit."""
        if self._on_fit is not None and judged.keepable:
            self._on_fit(question, judged)

    async def _verdict(self, path: ReasoningPath, text: str, question: Question, stand_ins: Sequence[str]) -> Verdict:
        """The verdict on what would be trained on; where nothing can be read there, a stand-in is looked at."""
        verdict = await check(text, question)
        boxed = [self._boxed.clean(path, question)] if self._boxed is not None else []
        for stand_in in (*boxed, *stand_ins):
            if verdict.status != "unparsed":
                break
            verdict = await check(stand_in, question)
        return verdict

    async def vote(self, judged: Sequence[GradedPath], question: Question, min_votes: int) -> list[GradedPath]:
        """The same paths, with the majority of their answers in the place of gold."""
        answers = [one.verdict.extracted for one in judged]
        # in a thread: what only a worker can settle takes seconds, in which other questions go on
        outcome = await asyncio.to_thread(vote, answers, question.kind, question.choices, min_votes)
        agreeing = set(outcome.agreeing)
        shares = f"{outcome.count} of {outcome.voters} agree, share at least {outcome.confidence:.2f} (95 %)"
        voted = [
            replace(one, verdict=_voted(one.verdict, index in agreeing, outcome, shares))
            for index, one in enumerate(judged)
        ]
        for before, after in zip(judged, voted, strict=True):
            if not before.keepable:
                self.tell(question, after)
        return voted

    def select(self, judged: Sequence[GradedPath], keep: int) -> list[GradedPath]:
        """The paths that are kept, at most `keep`."""
        return self.curator.select(judged, keep)

    def seldom_right(self, judged: Sequence[GradedPath]) -> bool:
        """Whether a question is right too seldom for any of its paths to be kept."""
        return self.curator.seldom_right(judged)


def _voted(verdict: Verdict, agrees: bool, outcome: Vote, shares: str) -> Verdict:
    if verdict.extracted is None:
        return verdict
    if outcome.winner is None:
        return Verdict("incorrect", verdict.extracted, f"the vote has no winner: {shares}", "vote")
    status: Status = "correct" if agrees else "incorrect"
    how = "agrees with" if agrees else "differs from"
    reason = f"{how} the majority, {outcome.winner}: {shares}"
    return Verdict(status, verdict.extracted, reason, "vote", confidence=outcome.share if agrees else None)
