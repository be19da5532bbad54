"""The whole config of a run: its sections, each declared and explained beside the room that takes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from regenesis.config.presets import with_preset
from regenesis.curation.config import CurationConfig, DecontaminationConfig
from regenesis.engines import EngineField, default_engine
from regenesis.evaluation.config import EvaluationConfig
from regenesis.methods import MethodField
from regenesis.methods.regenesis import ReGenesisConfig
from regenesis.prompts.answering import AnsweringConfig
from regenesis.scheduling import BudgetConfig, SchedulingConfig
from regenesis.section import A_PATH, MAY_DIFFER, Section
from regenesis.tasks.config import TaskConfig
from regenesis.training.config import TrainingConfig
from regenesis.types import Thinking


class RunConfig(Section):
    """Everything a run depends on."""

    # may differ, since the values that it stands for are compared one by one
    preset: Literal["quick", "default", "paper", "paper-text", "star-paper"] = Field(
        default="default", json_schema_extra=MAY_DIFFER
    )
    """The values this config starts from; what it states itself wins."""
    seed: int = Field(default=0, ge=0)
    """Every random choice of the run derives from it."""
    thinking: Thinking = "off"
    """Whether a model that can think before it replies does so, for engine, trainer and evaluation alike. `off` turns
    it off where the chat template has a switch; `on` lets it think and drops its thoughts, so that later stages and
    training see the replies alone; `keep` also trains on the thoughts."""
    thinking_tokens: int = Field(default=2048, ge=0)
    """With `thinking: on` or `keep`: new tokens that a thought may take, on top of every limit for a reply
    (`max_tokens`, `adapt_tokens`, `structure_tokens`)."""
    data_root: Path | None = Field(default=None, json_schema_extra=A_PATH | MAY_DIFFER)
    """Folder of `<hub id>/<config>/<split>.jsonl`, looked into before the hub; by default `REGENESIS_DATA_ROOT`."""
    tasks: list[TaskConfig] = Field(min_length=1)
    """Where questions come from; several tasks are mixed in one run."""
    engine: EngineField = Field(default_factory=default_engine)
    """Where tokens come from."""
    method: MethodField = ReGenesisConfig()
    """How paths are made: `name` says by which method, the rest is that method's own."""
    answering: AnsweringConfig = AnsweringConfig()
    """How a question is put to the model for an answer: plain samples, training rows and evaluation."""
    curation: CurationConfig = CurationConfig()
    """Which paths are kept."""
    decontamination: DecontaminationConfig = Field(default=DecontaminationConfig(), json_schema_extra=MAY_DIFFER)
    """Training questions that overlap a question of the evaluation."""
    training: TrainingConfig = Field(default=TrainingConfig(), json_schema_extra=MAY_DIFFER)
    """How the kept paths post-train the model."""
    evaluation: EvaluationConfig = Field(default=EvaluationConfig(), json_schema_extra=MAY_DIFFER)
    """What the model is measured on, before and after training."""
    budget: BudgetConfig = Field(default=BudgetConfig(), json_schema_extra=MAY_DIFFER)
    """Where one start stops by itself."""
    scheduling: SchedulingConfig = Field(default=SchedulingConfig(), json_schema_extra=MAY_DIFFER)
    """How much is under way at once."""

    @property
    def room_for_thought(self) -> int:
        """New tokens that are added to every limit."""
        return 0 if self.thinking == "off" else self.thinking_tokens

    @model_validator(mode="before")
    @classmethod
    def _over_its_preset(cls, value: Any) -> Any:
        return with_preset(value) if isinstance(value, dict) else value

    @field_validator("thinking", mode="before")
    @classmethod
    def _off_and_on_are_words(cls, value: Any) -> Any:
        """YAML reads a bare `off` as false and a bare `on` as true."""
        return {False: "off", True: "on"}[value] if isinstance(value, bool) else value
