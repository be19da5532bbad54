"""The whole config of a run, composed of sections that are declared beside the code that reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from regenesis.config.presets import with_preset
from regenesis.curation.config import CurationConfig, DecontaminationConfig
from regenesis.dataset.config import DatasetConfig
from regenesis.engines import EngineField, default_engine
from regenesis.evaluation.config import EvaluationConfig
from regenesis.methods import MethodField
from regenesis.methods.regenesis import ReGenesisConfig
from regenesis.prompts.answering import AnsweringConfig
from regenesis.scheduling import BudgetConfig, SchedulingConfig
from regenesis.section import A_PATH, MAY_DIFFER, Section, reaching
from regenesis.tasks.config import TaskConfig
from regenesis.training.config import TrainingConfig
from regenesis.types import Thinking


class RunConfig(Section):
    """Everything a run depends on."""

    # may differ, since the values that it stands for are compared one by one
    preset: Literal["quick", "default", "paper", "paper-text", "star-paper"] = Field(
        default="default", json_schema_extra=MAY_DIFFER
    )
    """Preset to start from; fields set in the config take precedence."""
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
    tasks: list[TaskConfig] = Field(min_length=1)
    """Sources of questions; several tasks are mixed in one run."""
    engine: EngineField = Field(default_factory=default_engine)
    """Where tokens come from."""
    method: MethodField = ReGenesisConfig()
    """How paths are generated: `name` selects the method, the other fields belong to it."""
    answering: AnsweringConfig = AnsweringConfig()
    """Prompt that asks for an answer, in plain samples, training rows and evaluation."""
    curation: CurationConfig = CurationConfig()
    """Which paths are kept."""
    decontamination: DecontaminationConfig = Field(default=DecontaminationConfig(), json_schema_extra=MAY_DIFFER)
    """What to do with training questions that overlap the evaluation."""
    dataset: DatasetConfig = Field(default=DatasetConfig(), json_schema_extra=MAY_DIFFER)
    """How much of what was kept becomes the dataset."""
    training: TrainingConfig = Field(default=TrainingConfig(), json_schema_extra=MAY_DIFFER)
    """Fine-tuning on the kept paths."""
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

    @model_validator(mode="before")
    @classmethod
    def _over_its_preset(cls, value: Any) -> Any:
        return with_preset(value) if isinstance(value, dict) else value

    @field_validator("thinking", mode="before")
    @classmethod
    def _off_and_on_are_words(cls, value: Any) -> Any:
        """YAML reads a bare `off` as false and a bare `on` as true."""
        return {False: "off", True: "on"}[value] if isinstance(value, bool) else value
