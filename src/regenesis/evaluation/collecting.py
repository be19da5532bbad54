"""The answers of models to all questions: read from the ledger, or else asked.

    collecting = Collecting(exam, tasks, ledger, journal, progress, folder, budget)
    model, results = await collecting.measure("base", engine_config)

Models are measured one after the other, so that there are never two in memory; one whose answers are all recorded is
not loaded at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regenesis.engines import Engine, EngineConfig
from regenesis.evaluation.asking import Exam, ask, mark, request_for
from regenesis.evaluation.model_identity import recall, remember
from regenesis.evaluation.progress import EvaluationProgress
from regenesis.evaluation.summary import MeasuredModel
from regenesis.evaluation.tasks import MeasuredTask
from regenesis.ledger import Ledger
from regenesis.scheduling import (
    Budget,
    BudgetConfig,
    Reply,
    Sampler,
    WindowReport,
    side_by_side,
    window_size,
    work_through,
)
from regenesis.scheduling.open_engine import MakeEngine, open_engine
from regenesis.store.journal import Journal
from regenesis.types import Question, Result, Thinking

_MARKED_TOGETHER = 64
"""Recorded answers that are marked at once: some wait for a process of their own."""

Answers = dict[tuple[str, int], Result]
"""By question and sample."""


@dataclass(slots=True)
class Collecting:
    """One session of an evaluation that collects the answers of its models.

    Attributes:
        exam: How questions are asked.
        tasks: The questions.
        ledger: Where completions are recorded.
        journal: The log.
        progress: Counters to keep up to date.
        folder: Where each model's identity is noted.
        may_spend: What this session may spend.
        thinking: Whether models think before they reply.
        window: Maximum active questions, if that is stated.
        make_engine: Makes the engines of configs, in place of the configs themselves.
        stopped: What the budget ran out of, `None` if it did not.
        owed: Answers set aside because the engine kept failing on them, with the reason.
    """

    exam: Exam
    tasks: Sequence[MeasuredTask]
    ledger: Ledger
    journal: Journal
    progress: EvaluationProgress
    folder: Path
    may_spend: BudgetConfig
    thinking: Thinking = "off"
    window: int | None = None
    make_engine: MakeEngine | None = None
    stopped: str | None = None
    owed: dict[str, str] = field(default_factory=dict)
    _budget: Budget | None = None

    async def measure(
        self, name: str, config: EngineConfig, own: Engine | None = None
    ) -> tuple[MeasuredModel, dict[str, list[Result]]]:
        """One model on all tasks: what is recorded is read, what is missing is asked.

        Args:
            name: What the evaluation calls it.
            config: The engine that it is measured on.
            own: An engine of the caller's own in place of that.

        Raises:
            RegenesisError: The model or the engine cannot be used. What was recorded stays.
        """
        progress, note = self.progress, self.folder / name / "identity.json"
        progress.begin_model(name)
        identity = own.model if own else await asyncio.to_thread(recall, config, self.thinking, note, progress.fetching)
        answers: Answers = {}
        if identity is not None:
            config = config.as_begun(config.kind, identity)
            await self._read_recorded(name, identity, answers)
        if len(answers) < self._expected and self.stopped is None:
            progress.phase = "loading the engine"
            async with open_engine(config, self.thinking, progress, own, self.make_engine) as engine:
                if engine.model != identity:
                    identity = engine.model
                    answers.clear()
                    progress.begin_model(name)
                    await self._read_recorded(name, identity, answers)
                if own is None:
                    await asyncio.to_thread(remember, config, self.thinking, note, engine.model)
                await self._ask_missing(name, engine, answers)
        described = config.conditions(identity or "") if own is None else {"engine": own.kind, "precision": "unknown"}
        spec = {"engine": config.kind, "model": config.model, "adapter": _text(config.loaded_adapter)}
        return MeasuredModel(name, identity or "not known", spec, described), self._by_task(answers)

    def _questions(self) -> Iterator[tuple[MeasuredTask, Question]]:
        return ((task, question) for task in self.tasks for question in task.questions)

    @property
    def _expected(self) -> int:
        return sum(len(task.questions) for task in self.tasks) * self.exam.samples

    async def _read_recorded(self, name: str, identity: str, answers: Answers) -> None:
        """Marks the answers that the ledger holds."""
        self.progress.phase = "reading recorded completions"
        batch: list[Any] = []
        for task, question in self._questions():
            for sample in range(self.exam.samples):
                request = request_for(identity, question, self.exam, sample)
                key = request.key
                completion = self.ledger.get(key) or await self.ledger.take_over(request)
                if completion is None:
                    continue
                batch.append(mark(name, task.name, question, Reply(key, completion), self.exam, sample))
                if len(batch) >= _MARKED_TOGETHER:
                    self._note(await asyncio.gather(*batch), answers, recalled=True)
                    batch = []
        self._note(await asyncio.gather(*batch), answers, recalled=True)

    def _note(self, marked: Sequence[Result], answers: Answers, *, recalled: bool) -> None:
        for result in marked:
            answers[result.question_id, result.sample] = result
            self.progress.finish(result, recalled=recalled)

    async def _ask_missing(self, name: str, engine: Engine, answers: Answers) -> None:
        progress = self.progress
        if self._budget is None:
            # made only now, so that fetching and loading the first model take nothing of the budget's minutes
            self._budget = Budget(self.may_spend)
        sampler = Sampler(engine, self.ledger, self._budget, self.exam.seed)
        tasks = {question.id: task.name for task, question in self._questions()}
        left = [
            (place, question)
            for place, (_, question) in enumerate(self._questions())
            if any((question.id, sample) not in answers for sample in range(self.exam.samples))
        ]
        progress.engine = engine
        progress.begin_asking(sampler)

        async def answer(ordinal: int, question: Question, sample: int) -> None:
            reply = await ask(question, ordinal, sampler, self.exam, sample)
            result = await mark(name, tasks[question.id], question, reply, self.exam, sample)
            self._note([result], answers, recalled=False)

        async def bring_to_its_end(ordinal: int, question: Question) -> None:
            missing = [sample for sample in range(self.exam.samples) if (question.id, sample) not in answers]
            await side_by_side([answer(ordinal, question, sample) for sample in missing])

        async with self.journal.heartbeat(progress):
            try:
                window = window_size(engine.capacity, self.window)
                report: WindowReport = await work_through(left, bring_to_its_end, window, self.ledger.watch())
                await sampler.settle()
            finally:
                progress.end_model()
        self.stopped = report.stopped
        for question_id, why in (report.owed or {}).items():
            self.owed[f"{name} {question_id}"] = why
            self.journal.write("owed", model=name, id=question_id, why=why)

    def _by_task(self, answers: Answers) -> dict[str, list[Result]]:
        return {
            task.name: [
                answers[question.id, sample]
                for question in task.questions
                for sample in range(self.exam.samples)
                if (question.id, sample) in answers
            ]
            for task in self.tasks
        }


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
