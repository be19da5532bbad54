"""Config of the evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from regenesis.engines import EngineField, default_engine
from regenesis.prompts.answering import AnsweringConfig
from regenesis.prompts.harness import PREFIX as HARNESS_PREFIX
from regenesis.scheduling import BudgetConfig, SchedulingConfig
from regenesis.section import A_PATH, MAY_DIFFER, SamplingConfig, Section, besides, reaching
from regenesis.tasks.config import TaskConfig
from regenesis.types import Thinking


class GreedySamplingConfig(SamplingConfig):
    """Sampling parameters of the evaluation; greedy by default."""

    temperature: float | None = Field(default=0.0, ge=0, le=5)
    """Sampling temperature; 0 is greedy, `null` uses the server's default."""
    top_p: float | None = Field(default=1.0, gt=0, le=1)
    """Nucleus sampling threshold; `null` uses the server's default."""


class EvaluationConfig(Section):
    """What the model is evaluated on, before and after training."""

    tasks: list[TaskConfig] = Field(default_factory=list)
    """Tasks to evaluate on; the default split is test (validation if test has no answers)."""
    in_domain: list[str] | None = None
    """Names of in-domain tasks, by default those the run trains on; all others are out-of-domain."""
    samples: int = Field(default=1, ge=1)
    """Answers per question. With several, accuracies are means over them, and pass@k and maj@k are reported too; they
    need a temperature above 0."""
    seed: int | None = Field(default=None, ge=0)
    """Seed of the evaluation's answers and of its questions, where those are drawn or generated; default the run's."""
    sampling: GreedySamplingConfig = GreedySamplingConfig()
    """Sampling parameters; greedy by default."""
    prompts: str | None = Field(default=None, json_schema_extra=A_PATH | besides(HARNESS_PREFIX))
    """Answering prompt to use instead of `answering.prompt`: a name or the path of a template, as there; or
    `lm-eval/NAME`, the prompt of that task or group of lm-evaluation-harness, which then has to be installed."""
    run_programs: bool = Field(default=False, json_schema_extra=reaching("runs model-written programs"))
    """Run the programs that the model writes for tasks of kind `code` (MBPP), which need it. Each runs in a restricted
    process, which is not a sandbox: use a container for models you do not trust."""
    engine: EngineField | None = None
    """Engine to evaluate both base and tuned model with; default the run's engine."""
    tuned_engine: EngineField | None = None
    """Where the tuned model is served, for an `openai` engine, which cannot load it by itself."""

    @model_validator(mode="after")
    def _samples_differ(self) -> EvaluationConfig:
        if self.samples > 1 and self.sampling.temperature == 0:
            raise ValueError(
                f"`samples` is {self.samples}, but at temperature 0 all of them would be the same answer: set "
                "`evaluation.sampling.temperature`, such as 0.7, or `evaluation.samples: 1`"
            )
        return self


class EvaluatingConfig(Section):
    """Everything that evaluating a model depends on; a run's config holds more."""

    seed: int = Field(default=0, ge=0)
    """Random seed; every random choice of the run derives from it."""
    thinking: Thinking = "off"
    """Thinking of reasoning models, for engine, trainer and evaluation alike. `off` disables it if the chat template
    has a switch; `on` lets the model think and drops the thinking: later stages and training only see the replies;
    `keep` also trains on the thinking."""
    thinking_tokens: int = Field(default=2048, ge=0)
    """With `thinking: on` or `keep`: maximum new tokens of thinking, on top of every limit for a reply
    (`max_tokens`, `adapt_tokens`, `structure_tokens`)."""
    data_root: Path | None = Field(
        default=None, json_schema_extra=A_PATH | MAY_DIFFER | reaching("reads datasets in {}")
    )
    """Folder of `<hub id>/<config>/<split>.jsonl`, searched before the Hub; default `REGENESIS_DATA_ROOT`."""
    engine: EngineField = Field(default_factory=default_engine)
    """Where tokens come from."""
    answering: AnsweringConfig = AnsweringConfig()
    """Prompt that asks for an answer, in plain samples, training rows and evaluation."""
    evaluation: EvaluationConfig = Field(default=EvaluationConfig(), json_schema_extra=MAY_DIFFER)
    """What the model is evaluated on, before and after training."""
    budget: BudgetConfig = Field(default=BudgetConfig(), json_schema_extra=MAY_DIFFER)
    """Limits at which a session stops by itself."""
    scheduling: SchedulingConfig = Field(default=SchedulingConfig(), json_schema_extra=MAY_DIFFER)
    """Concurrency."""

    @property
    def room_for_thought(self) -> int:
        """New tokens added to every limit for thinking."""
        return 0 if self.thinking == "off" else self.thinking_tokens

    @property
    def evaluation_seed(self) -> int:
        """What the evaluation's questions and answers derive from."""
        return self.seed if self.evaluation.seed is None else self.evaluation.seed

    @field_validator("thinking", mode="before")
    @classmethod
    def _off_and_on_are_words(cls, value: Any) -> Any:
        """YAML reads a bare `off` as false and a bare `on` as true."""
        return {False: "off", True: "on"}[value] if isinstance(value, bool) else value
