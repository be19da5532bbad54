"""Judges paths: the checker's verdict, the curator's fitness, and the vote where there is no gold answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from regenesis.answers import check, combine, read_judgement, vote
from regenesis.config import RunConfig
from regenesis.curation import Curator
from regenesis.nouns import Judged, Path, Question, Verdict


class RunJudge:
    """What the method asks about each path; see `regenesis.methods.Judge`."""

    def __init__(self, config: RunConfig, curator: Curator, scaffold: Sequence[str] = ()) -> None:
        self._self_judge = config.method.self_judge
        self._summarise = config.method.summarise
        boxed = config.curation.model_copy(update={"boxed": "keep"})
        # where the training text has its box taken off, its answer is still read from the text with the box on
        self._boxed = Curator(boxed, scaffold=scaffold) if config.curation.boxed == "unwrap" else None
        self._min_votes = config.method.min_votes
        self._curator = curator

    async def judge(self, path: Path, question: Question) -> Judged:
        """The path with its verdict, its defect and its training text."""
        if path.defect is not None:
            return Judged(path, Verdict("unparsed", None, "the chain broke off", "broken"), path.defect, "")
        text = self._curator.clean(path, question)
        verdict = await self._verdict(path, text, question)
        return Judged(path, verdict, self._curator.defect(path, text, question), text)

    async def _verdict(self, path: Path, text: str, question: Question) -> Verdict:
        """The verdict on what would be trained on; where nothing can be read there, a stand-in is looked at."""
        verdict = await check(text, question)
        stand_ins = [self._boxed.clean(path, question)] if self._boxed is not None else []
        stand_ins += [written for stage, _, written in path.steps if stage == "summarise" and self._summarise]
        for stand_in in stand_ins:
            if verdict.status != "unparsed":
                break
            verdict = await check(stand_in, question)
        replies = [written for stage, _, written in path.steps if stage == "judge"]
        return combine(verdict, read_judgement(replies[-1]), self._self_judge) if replies else verdict

    async def vote(self, judged: Sequence[Judged], question: Question) -> list[Judged]:
        """The same paths, with the majority of their answers in the place of gold."""
        answers = [one.verdict.extracted for one in judged]
        # in a thread: what only a worker can settle takes seconds, in which other questions go on
        outcome = await asyncio.to_thread(vote, answers, question.kind, question.choices, self._min_votes)
        agreeing = set(outcome.agreeing)
        shares = f"{outcome.count} of {outcome.voters} agree, share at least {outcome.confidence:.2f} (95 %)"
        return [
            replace(one, verdict=_voted(one.verdict, index in agreeing, outcome.winner, shares))
            for index, one in enumerate(judged)
        ]

    def select(self, judged: Sequence[Judged], keep: int) -> list[Judged]:
        """The paths that are kept, at most `keep`."""
        return self._curator.select(judged, keep)


def _voted(verdict: Verdict, agrees: bool, winner: str | None, shares: str) -> Verdict:
    if verdict.extracted is None:
        return verdict
    if winner is None:
        return Verdict("incorrect", verdict.extracted, f"the vote has no winner: {shares}", "vote")
    if agrees:
        return Verdict("correct", verdict.extracted, f"agrees with the majority, {winner}: {shares}", "vote")
    return Verdict("incorrect", verdict.extracted, f"differs from the majority, {winner}: {shares}", "vote")
