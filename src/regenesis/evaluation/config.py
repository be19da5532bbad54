"""Config of the evaluation."""

from __future__ import annotations

from pydantic import Field, model_validator

from regenesis.engines import EngineField
from regenesis.prompts.harness import PREFIX as HARNESS_PREFIX
from regenesis.section import A_PATH, SamplingConfig, Section, besides, reaching
from regenesis.tasks.config import TaskConfig


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
