"""What a config can say about measuring."""

from __future__ import annotations

from pydantic import Field

from regenesis.engines import EngineField
from regenesis.section import A_PATH, SamplingConfig, Section
from regenesis.tasks.config import TaskConfig


class GreedySamplingConfig(SamplingConfig):
    """How tokens are drawn where a model is measured: greedy unless said otherwise."""

    temperature: float | None = Field(default=0.0, ge=0, le=5)
    """0 is greedy; `null` leaves it to the server."""
    top_p: float | None = Field(default=1.0, gt=0, le=1)
    """Nucleus mass; `null` leaves it to the server."""


class EvaluationConfig(Section):
    """What the model is measured on, before and after training."""

    tasks: list[TaskConfig] = Field(default_factory=list)
    """Where the questions come from. A split left out is the test split here (validation where test has no answers)."""
    in_domain: list[str] | None = None
    """Names of tasks that count as in-domain; those the run trains on if left out. All others are out-of-domain."""
    sampling: GreedySamplingConfig = GreedySamplingConfig()
    """How tokens are drawn; greedy by default."""
    prompts: str | None = Field(default=None, json_schema_extra=A_PATH)
    """An answering prompt to measure with other than `answering.prompt`: a name or a template's path, as there."""
    run_programs: bool = False
    """Run the programs that the model writes for tasks of kind `code` (MBPP), which are not measured otherwise. Each
    runs in a limited process of its own, which is no sandbox: where you have reason to fear, use a container."""
    engine: EngineField | None = None
    """The engine that base and tuned model are both measured on; the run's engine if left out."""
    tuned_engine: EngineField | None = None
    """Where the tuned model is served, for an `openai` engine, which cannot load it by itself."""
