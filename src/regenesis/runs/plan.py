"""What a run will ask, before it asks anything: chains, calls and tokens by stage, at most and as expected.

    plan(config).stages["solve"].expected_calls

What the synthesis asks is estimated by the method; see `regenesis.methods.estimates` for what "at most" and "expected"
mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from regenesis.config import RunConfig
from regenesis.evaluation import STAGE as EVALUATING
from regenesis.evaluation.settings import EvaluationSettings
from regenesis.evaluation.tasks import MeasuredTask, load_tasks
from regenesis.methods import StageEstimate
from regenesis.methods.estimates import FEWEST_BYTES_A_TOKEN, message_tokens
from regenesis.runs.earlier import MeasuredYield, earlier_work, measured_yield
from regenesis.runs.rehearsing import Prompt, Rehearsed, rehearse
from regenesis.synthesis.decontaminating import Decontamination, decontaminate
from regenesis.synthesis.inputs import method_of, shown_to
from regenesis.tasks import LoadedQuestions, SetAside, TaskCount, load_questions
from regenesis.types import Question

DEFAULT_YIELD = 0.4
"""Right and fit paths per chain, as a 1.5B model gave on GSM8K; assumed where no earlier run tells."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will ask.

    Attributes:
        questions: Questions, by task, without those left out.
        overlapping: Questions that overlap a question of the evaluation.
        left_out: Those of them that are left out.
        without_gold: Questions with no gold answer.
        bad_rows: Rows that could not become questions.
        tasks: What was read for each task: kinds, gold answers, columns that nothing is read from.
        set_aside: Questions that are not asked because their gold answers contradict each other.
        notes: What else loading the questions had to say.
        vote: Where majority votes decide, as the method has it.
        warnings: What the method warns of: how it is set up, and these questions.
        most_chains: Chains over the whole run at most.
        expected_chains: Chains expected.
        expected_kept: Kept paths expected.
        chain_yield: The probability the expectation rests on.
        measured_yield: By which earlier runs it was measured; `None` where it is assumed.
        stages: The stages in the order asked; those that ask nothing are left out.
        samples: Answers per question of the evaluation.
        measured: Questions that every model is measured on, by task; asked of the base and of each tuned
            model.
        measured_prompt_tokens: What their prompts come to, a model.
        measured_new_tokens: New tokens at most, a model.
        shown: The first questions of each task as they were read, with what will be sent; as many as were asked for.
    """

    questions: dict[str, int]
    overlapping: int
    left_out: int
    without_gold: int
    bad_rows: int
    tasks: tuple[TaskCount, ...]
    set_aside: tuple[SetAside, ...]
    notes: tuple[str, ...]
    vote: str
    warnings: list[str]
    most_chains: int
    expected_chains: float
    expected_kept: float
    chain_yield: float
    stages: Mapping[str, StageEstimate]
    samples: int
    measured: dict[str, int]
    measured_prompt_tokens: int
    measured_new_tokens: int
    shown: tuple[Rehearsed, ...] = ()
    measured_yield: MeasuredYield | None = None

    def __repr__(self) -> str:
        of_tasks = ", ".join(f"{task} {count:,}" for task, count in self.questions.items())
        return (
            f"Plan({of_tasks or 'no questions'}: about {self.expected_calls:,.0f} calls, at most {self.most_calls:,})"
        )

    @property
    def most_calls(self) -> int:
        return sum(stage.most_calls for stage in self.stages.values())

    @property
    def expected_calls(self) -> float:
        return sum(stage.expected_calls for stage in self.stages.values())

    def to_json(self) -> dict[str, Any]:
        """The plan as plain JSON types."""
        return asdict(self) | {"most_calls": self.most_calls, "expected_calls": self.expected_calls}


@dataclass(frozen=True, slots=True)
class QuestionsRead:
    """What a run will ask about and be measured on, whichever method asks.

    Attributes:
        loaded: The questions of its tasks.
        decontamination: Which of them overlap a question of the evaluation.
        measured: The tasks of the evaluation.
    """

    loaded: LoadedQuestions
    decontamination: Decontamination
    measured: Sequence[MeasuredTask]

    @classmethod
    def of_run(cls, config: RunConfig) -> QuestionsRead:
        """Reads them.

        Raises:
            RegenesisError: A task cannot be loaded, or no question is left.
        """
        evaluation, data_root = config.evaluation, config.data_root
        loaded = load_questions(config.tasks, seed=config.seed, data_root=data_root)
        decontamination = decontaminate(
            loaded.questions,
            evaluation.tasks,
            config.decontamination,
            seed=config.evaluation_seed,
            data_root=data_root,
        )
        decontamination.require_some_left(loaded.questions)
        measured: Sequence[MeasuredTask] = ()
        if evaluation.tasks:
            measured = load_tasks(
                evaluation.tasks, evaluation, config.tasks, seed=config.evaluation_seed, data_root=data_root
            )
        return cls(loaded, decontamination, measured)


def plan(
    config: RunConfig, *, chain_yield: float | None = None, earlier: Iterable[Path] | None = None, show: int = 0
) -> Plan:
    """Works out what a run will ask; loads its questions, asks no model.

    Args:
        config: The run's config.
        chain_yield: Probability that a chain gives a path worth keeping; if left out, as earlier runs tell, or else
            `DEFAULT_YIELD`.
        earlier: Folders of earlier runs and experiments; those under `runs` and `experiments` if left out.
        show: How many questions of each task to show, with the prompts that will be sent.

    Raises:
        RegenesisError: The tasks, prompts or other files of the config cannot be loaded.
    """
    read = QuestionsRead.of_run(config)
    return plan_asking(read, config, chain_yield=chain_yield, earlier=earlier, show=show)


def plan_asking(
    read: QuestionsRead,
    config: RunConfig,
    *,
    chain_yield: float | None = None,
    earlier: Iterable[Path] | None = None,
    show: int = 0,
) -> Plan:
    """The same of questions that have been read; see `plan`."""
    loaded, decontamination, tasks = read.loaded, read.decontamination, read.measured
    questions = decontamination.asked(loaded.questions)
    method = method_of(config.method, config.answering)
    asked = shown_to(method, questions)
    by_task = dict(Counter(question.task for question in questions))
    measured = None
    if chain_yield is None:
        measured = measured_yield(config, by_task, earlier_work() if earlier is None else earlier)
        chain_yield = DEFAULT_YIELD if measured is None else measured.share
    estimate = method.estimate(asked, chain_yield)
    exam = EvaluationSettings.of_run(config).exam(tasks)
    chats = [exam.answering.messages(question) for task in tasks for question in task.questions]
    prompt_tokens = sum(message_tokens(messages, FEWEST_BYTES_A_TOKEN) for messages in chats)
    return Plan(
        questions=by_task,
        overlapping=len(decontamination.overlapping),
        left_out=len(decontamination.left_out),
        without_gold=sum(question.gold is None for question in questions),
        bad_rows=len(loaded.bad_rows),
        tasks=tuple(loaded.counts),
        set_aside=tuple(loaded.set_aside),
        notes=tuple(loaded.notes),
        vote=method.votes,
        warnings=[*method.remarks(), *method.warnings(asked)],
        most_chains=estimate.most_chains,
        expected_chains=estimate.expected_chains,
        expected_kept=estimate.expected_kept,
        chain_yield=chain_yield,
        measured_yield=measured,
        stages={name: stage.with_thoughts(config.room_for_thought) for name, stage in estimate.stages.items()},
        measured={task.name: len(task.questions) for task in tasks},
        samples=exam.samples,
        measured_prompt_tokens=round(prompt_tokens * exam.samples),
        measured_new_tokens=len(chats) * exam.samples * exam.sampling.max_tokens,
        shown=(
            *rehearse(config, [question for task in _by_task(asked) for question in task[:show]]),
            *(
                Rehearsed(question, (Prompt(EVALUATING, exam.answering.messages(question)),), measured=True)
                for task in tasks
                for question in task.questions[:show]
            ),
        ),
    )


def _by_task(questions: Sequence[Question]) -> list[list[Question]]:
    found: dict[str, list[Question]] = {}
    for question in questions:
        found.setdefault(question.task, []).append(question)
    return list(found.values())
