"""What an evaluation goes by, whatever it is part of: a run's config says it, or a command line.

settings = EvaluationSettings.of_run(config)
exam = settings.exam(tasks)                             # the answering prompt loaded, limits with room for thinking
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from regenesis.answers import Rules
from regenesis.evaluation.asking import Exam
from regenesis.evaluation.config import EvaluatingConfig, EvaluationConfig
from regenesis.prompts import AnsweringConfig, AnsweringPrompt, load_answering
from regenesis.prompts.harness import HarnessPrompt, is_harness_prompt, require_harness
from regenesis.scheduling import BudgetConfig
from regenesis.tasks.config import TaskConfig
from regenesis.types import Thinking

if TYPE_CHECKING:
    from regenesis.config import RunConfig
    from regenesis.evaluation.tasks import MeasuredTask


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """What an evaluation goes by.

    Attributes:
        evaluation: Tasks, sampling and prompt of the evaluation.
        answering: The answering prompt, where the evaluation has none of its own.
        seed: What answers, and the questions that are drawn or generated, derive from.
        trained: Tasks that the models are trained on; tasks are not told apart by domain if `None`.
        thinking: Whether models think before they reply.
        room_for_thought: New tokens added to the limit for thinking.
        budget: What one session may spend.
        window: Maximum active questions; enough to keep the engine full if `None`.
        data_root: Folder searched before the Hub.
    """

    evaluation: EvaluationConfig
    answering: AnsweringConfig = field(default_factory=AnsweringConfig)
    seed: int = 0
    trained: tuple[TaskConfig, ...] | None = None
    thinking: Thinking = "off"
    room_for_thought: int = 0
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    window: int | None = None
    data_root: Path | None = None

    @classmethod
    def of_run(cls, config: RunConfig) -> EvaluationSettings:
        """What a run's config says of its evaluation."""
        return cls.of(config, config.tasks)

    @classmethod
    def of(cls, config: EvaluatingConfig, trained: Sequence[TaskConfig] | None = None) -> EvaluationSettings:
        """What a config says; `trained` are the tasks that the models are trained on, if any."""
        return cls(
            evaluation=config.evaluation,
            answering=config.answering,
            seed=config.evaluation_seed,
            trained=None if trained is None else tuple(trained),
            thinking=config.thinking,
            room_for_thought=config.room_for_thought,
            budget=config.budget,
            window=config.scheduling.window,
            data_root=config.data_root,
        )

    def exam(self, tasks: Sequence[MeasuredTask]) -> Exam:
        """What every model is asked by.

        Args:
            tasks: The questions; prompts of lm-evaluation-harness are made from their rows.

        Raises:
            ConfigError: The answering prompt cannot be loaded, or does not fit the questions.
        """
        sampling = self.evaluation.sampling.draw()
        return Exam(
            answering=_prompt(self._answering, tasks),
            sampling=replace(sampling, max_tokens=sampling.max_tokens + self.room_for_thought),
            seed=self.seed,
            rules=Rules(run_programs=self.evaluation.run_programs),
            samples=self.evaluation.samples,
        )

    def require_prompt(self) -> None:
        """Makes sure that the answering prompt is there, as far as that can be told without the questions.

        Raises:
            ConfigError: It is not.
        """
        if is_harness_prompt(self._answering.prompt):
            require_harness(self._answering.prompt)
        else:
            load_answering(self._answering)

    @property
    def _answering(self) -> AnsweringConfig:
        own = self.evaluation.prompts
        return self.answering if own is None else self.answering.model_copy(update={"prompt": own})


def _prompt(answering: AnsweringConfig, tasks: Sequence[MeasuredTask]) -> AnsweringPrompt | HarnessPrompt:
    if not is_harness_prompt(answering.prompt):
        return load_answering(answering)
    return HarnessPrompt(
        answering, {question.id: task.rows.get(question.id) for task in tasks for question in task.questions}
    )
