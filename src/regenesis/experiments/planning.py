"""What an experiment will ask, train and take, and what it can show, before anything is spent.

found = plan_experiment(experiment, "experiments/x")
found.generated_tokens, found.hours, found.detectable["out-of-domain"].versus_base
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from regenesis.config import RunConfig
from regenesis.evaluation.tasks import MeasuredTask
from regenesis.experiments.cells import Cell, cells
from regenesis.experiments.config import ExperimentConfig
from regenesis.experiments.power import smallest_detectable
from regenesis.experiments.running import require_comparable
from regenesis.experiments.speeds import Speeds, measured_speeds
from regenesis.methods.plain import STAGE as PLAIN_SAMPLES
from regenesis.runs.earlier import MeasuredYield, earlier_work
from regenesis.runs.plan import DEFAULT_YIELD, Plan, QuestionsRead, plan_asking

_REPLY_TOKENS = 200
"""New tokens of an answer at evaluation and of a trained path, as small models write them on grade-school math."""


@dataclass(frozen=True, slots=True)
class PlannedMethod:
    """One method on one training set with one seed, as expected.

    Attributes:
        label: The method.
        train_on: The training set.
        calls: Calls of the synthesis.
        most_calls: Calls at most.
        prompt_tokens: Tokens of their prompts.
        generated_tokens: New tokens.
        yielded: Rows that it keeps.
        rows: Rows that it trains on.
        training_tokens: Tokens that it trains on, over all epochs.
        warnings: What the method warns of.
        measured_yield: The yield of its chains as earlier runs tell it, where they do.
    """

    label: str
    train_on: str
    calls: float
    most_calls: int
    prompt_tokens: float
    generated_tokens: float
    yielded: float
    rows: float
    training_tokens: float
    warnings: Sequence[str]
    measured_yield: MeasuredYield | None


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest difference that is found four times out of five, as a share.

    Attributes:
        tasks: Tasks that the mean is over.
        versus_base: Of a trained model and the base.
        versus_method: Of two trained models.
    """

    tasks: Sequence[str]
    versus_base: float | None
    versus_method: float | None


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """What an experiment will take, and what it can show.

    Attributes:
        methods: Each method on each training set, with one seed.
        seeds: Number of seeds.
        shared_calls: Plain samples that several methods draw and that are paid for once, with one seed.
        shared_tokens: New tokens of these.
        questions: Questions of the evaluation, by task.
        samples: Answers per question.
        models: Trained models that are evaluated; the base is evaluated once.
        evaluation_prompt_tokens: Tokens of the evaluation's prompts, a model.
        evaluation_tokens: New tokens of the evaluation as expected, a model.
        chain_yield: Share of the chains that are supposed to give a path worth keeping, where no earlier run tells it.
        speeds: What was measured on this machine.
        same_engine: Whether the evaluation asks the engine of the synthesis, so that the same speed counts.
        detectable: By domain.
    """

    methods: Sequence[PlannedMethod]
    seeds: int
    shared_calls: float
    shared_tokens: float
    questions: Mapping[str, int]
    samples: int
    models: int
    evaluation_prompt_tokens: int
    evaluation_tokens: int
    chain_yield: float
    speeds: Speeds
    same_engine: bool
    detectable: Mapping[str, Detectable]

    @property
    def synthesis_calls(self) -> float:
        """Calls of all syntheses."""
        return self.seeds * (sum(one.calls for one in self.methods) - self.shared_calls)

    @property
    def synthesis_tokens(self) -> float:
        """New tokens of all syntheses."""
        return self.seeds * (sum(one.generated_tokens for one in self.methods) - self.shared_tokens)

    @property
    def evaluation_calls(self) -> int:
        """Calls of the whole evaluation."""
        return sum(self.questions.values()) * self.samples * (1 + self.models)

    @property
    def generated_tokens(self) -> float:
        """New tokens of syntheses and evaluations."""
        return self.synthesis_tokens + self.evaluation_tokens * (1 + self.models)

    @property
    def prompt_tokens(self) -> float:
        """Tokens of all prompts; those of shared samples are counted for each method."""
        asked = sum(one.prompt_tokens for one in self.methods)
        return self.seeds * asked + self.evaluation_prompt_tokens * (1 + self.models)

    @property
    def training_tokens(self) -> float:
        """Tokens that all models are trained on."""
        return self.seeds * sum(one.training_tokens for one in self.methods)

    @property
    def seconds(self) -> dict[str, float | None]:
        """How long each part will take at the measured speeds; `None` where nothing was measured."""
        generated, trained = self.speeds.generated, self.speeds.trained
        asked = self.evaluation_tokens * (1 + self.models)
        return {
            "synthesis": self.synthesis_tokens / generated if generated else None,
            "training": self.training_tokens / trained if trained else None,
            "evaluation": asked / generated if generated and (self.same_engine or not asked) else None,
        }

    def to_json(self) -> dict[str, Any]:
        """The plan as plain JSON types."""
        totals = ("synthesis_calls", "synthesis_tokens", "evaluation_calls", "generated_tokens", "prompt_tokens")
        return asdict(self) | {name: getattr(self, name) for name in (*totals, "training_tokens", "seconds")}


def plan_experiment(
    experiment: ExperimentConfig, run_dir: str | Path, *, chain_yield: float | None = None
) -> ExperimentPlan:
    """Works out what an experiment will take; loads its questions, asks no model.

    Args:
        experiment: The experiment.
        run_dir: Its folder; where it has begun, its own speeds and yields count.
        chain_yield: Probability that a chain gives a path worth keeping; if left out, as earlier runs tell, or else
            `DEFAULT_YIELD`.

    Raises:
        RegenesisError: The experiment cannot be run: its tasks, prompts or other files cannot be loaded.
    """
    found = cells(experiment, run_dir)
    require_comparable(found)
    first = found[: len(experiment.methods) * len(experiment.train_on)]
    # methods differ in what they ask, not in what about
    read = {cell.train_on: QuestionsRead.of_run(cell.config) for cell in first[:: len(experiment.methods)]}
    earlier = earlier_work(Path(run_dir))
    plans = [
        (cell, plan_asking(read[cell.train_on], cell.config, chain_yield=chain_yield, earlier=earlier))
        for cell in first
    ]
    shared = _shared(plans)
    exam = plans[0][1]
    config = found[0].config
    return ExperimentPlan(
        methods=_methods(experiment, plans),
        seeds=len(experiment.seeds),
        shared_calls=shared[0],
        shared_tokens=shared[1],
        questions=exam.measured,
        samples=exam.samples,
        models=len(found) if exam.measured else 0,
        evaluation_prompt_tokens=exam.measured_prompt_tokens,
        evaluation_tokens=min(exam.measured_new_tokens, sum(exam.measured.values()) * exam.samples * _REPLY_TOKENS),
        chain_yield=DEFAULT_YIELD if chain_yield is None else chain_yield,
        speeds=measured_speeds(config, earlier),
        same_engine=config.evaluation.engine in (None, config.engine),
        detectable=_detectable(read[found[0].train_on].measured, exam.samples, len(experiment.seeds)),
    )


def _methods(experiment: ExperimentConfig, plans: Sequence[tuple[Cell, Plan]]) -> list[PlannedMethod]:
    methods = []
    for cell, one in plans:
        same_set = [other for neighbour, other in plans if neighbour.train_on == cell.train_on]
        rows = one.expected_kept
        if experiment.equal == "examples":
            rows = min((other.expected_kept for other in same_set if other.expected_kept), default=0.0)
            rows = rows if experiment.examples is None else min(rows, experiment.examples)
        elif experiment.equal == "tokens":
            least = min(
                (_generated(other) for other in same_set if other.expected_kept and _generated(other)), default=0
            )
            wanted = least if experiment.tokens is None else min(least, experiment.tokens)
            rows *= min(1.0, wanted / _generated(one)) if _generated(one) else 1.0
        methods.append(
            PlannedMethod(
                label=cell.method,
                train_on=cell.train_on,
                calls=one.expected_calls,
                most_calls=one.most_calls,
                prompt_tokens=sum(stage.expected_prompt_tokens for stage in one.stages.values()),
                generated_tokens=_generated(one),
                yielded=one.expected_kept,
                rows=rows,
                training_tokens=_training_tokens(cell.config, one, rows),
                warnings=one.warnings,
                measured_yield=one.measured_yield,
            )
        )
    return methods


def _generated(one: Plan) -> float:
    return sum(stage.expected_new_tokens for stage in one.stages.values())


def _training_tokens(config: RunConfig, one: Plan, rows: float) -> float:
    """Tokens of rows as long as the plain samples, or the last stage, of the method."""
    if not rows:
        return 0.0
    stages = list(one.stages.values())
    last = stages[-1] if stages else None
    reply = last.expected_new_tokens / last.expected_calls if last and last.expected_calls else _REPLY_TOKENS
    asked = sum(one.measured.values()) * one.samples
    prompt = one.measured_prompt_tokens / asked if asked else _REPLY_TOKENS / 2
    training = config.training
    passes = rows * training.num_train_epochs
    seen = passes if training.max_steps is None else min(passes, training.max_steps * training.batch_size)
    return seen * (prompt + reply)


def _shared(plans: Sequence[tuple[Cell, Plan]]) -> tuple[float, float]:
    """Calls and new tokens of plain samples that more than one method draws: all but the most of one method."""
    drawn: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for cell, one in plans:
        stage = one.stages.get(PLAIN_SAMPLES)
        if stage is not None:
            sampling = str(cell.config.method.model_dump(mode="json").get("sampling"))
            drawn[cell.train_on, sampling].append((stage.expected_calls, stage.expected_new_tokens))
    calls = sum(sum(call for call, _ in some) - max(call for call, _ in some) for some in drawn.values())
    tokens = sum(sum(new for _, new in some) - max(new for _, new in some) for some in drawn.values())
    return calls, tokens


def _detectable(tasks: Sequence[MeasuredTask], samples: int, seeds: int) -> dict[str, Detectable]:
    by_domain: dict[str, list[MeasuredTask]] = defaultdict(list)
    for task in tasks:
        by_domain[task.domain or "all"].append(task)
    return {domain: _of_tasks(some, samples, seeds) for domain, some in by_domain.items()}


def _of_tasks(tasks: Sequence[MeasuredTask], samples: int, seeds: int) -> Detectable:
    questions = [len(task.questions) for task in tasks]
    groups = [Counter(question.group or question.id for question in task.questions) for task in tasks]
    sizes = [list(counts.values()) for counts in groups]
    versus_base, versus_method = (
        smallest_detectable(questions, samples, seeds, group_sizes=sizes, against=against)
        for against in ("base", "method")
    )
    return Detectable([task.name for task in tasks], versus_base, versus_method)
