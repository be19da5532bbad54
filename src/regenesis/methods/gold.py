"""Supervised fine-tuning on the dataset's own worked solutions, where it has them. Asks the model nothing.

What self-training is compared with where human solutions exist (GSM8K, AQuA-RAT and others).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from regenesis.answers.gold import working_in
from regenesis.methods.base import Method, MethodSection, Outcome, Session
from regenesis.methods.estimates import Estimate
from regenesis.types import Question, ReasoningPath

_BYTES_A_TOKEN = 4


class GoldConfig(MethodSection):
    """The dataset's own worked solutions."""

    name: str = "gold"
    """`gold`."""


class Gold(Method[GoldConfig]):
    """See the module's text. A question without a worked solution is counted as `no_solution` and keeps nothing."""

    name = "gold"
    title = "the dataset's own solutions"
    Config = GoldConfig
    stages: ClassVar[Mapping[str, str]] = {}
    reads_solutions = True
    written_by = "people"

    async def solve(self, session: Session) -> Outcome:
        question = session.question
        text = self._solution(question)
        path = ReasoningPath(
            question_id=question.id,
            method=self.name,
            guideline="",
            hinted=False,
            steps=(),
            text=text or "",
            # nobody has counted: there is no model's tokenizer in this
            tokens=-(-len((text or "").encode()) // _BYTES_A_TOKEN),
            defect=None if text else "no_solution",
        )
        judged = await session.judge.judge(path, question)
        return Outcome(question, (judged,), tuple(session.judge.select([judged], 1)))

    def _solution(self, question: Question) -> str | None:
        """The worked solution, ended in the form that the answering prompt asks for."""
        if question.solution is None or question.gold is None:
            return None
        text = working_in(question.solution)
        if not text:
            return None
        if question.kind == "code":
            return text  # the program is the answer, and gold its tests
        if not self.answering.asks_for_a_box:
            return f"{text}\nThe answer is {question.gold}."
        return text if "\\boxed" in text else f"{text}\nThe final answer is \\boxed{{{question.gold}}}."

    def estimate(self, questions: Sequence[Question], chain_yield: float) -> Estimate:
        solved = sum(self._solution(question) is not None for question in questions)
        return Estimate(len(questions), len(questions), solved, {})

    def describe(self) -> dict[str, str]:
        return {"solutions": "the dataset's own, human-written", "kept a question": "1"}

    def warnings(self, questions: Sequence[Question]) -> list[str]:
        missing = sum(self._solution(question) is None for question in questions)
        if not missing:
            return []
        return [f"{missing:,} of {len(questions):,} questions have no worked solution in the data and give no row."]
