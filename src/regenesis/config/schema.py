"""The whole config of a run, composed of sections that are declared beside the code that reads them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from regenesis.config.presets import with_preset
from regenesis.curation.config import CurationConfig, DecontaminationConfig
from regenesis.dataset.config import DatasetConfig
from regenesis.evaluation.config import EvaluatingConfig
from regenesis.methods import MethodField
from regenesis.methods.regenesis import ReGenesisConfig
from regenesis.section import EXTENDS, MAY_DIFFER
from regenesis.tasks.config import TaskConfig
from regenesis.training.config import TrainingConfig


class RunConfig(EvaluatingConfig):
    """Everything a run depends on: what evaluating depends on, and what its paths are made of."""

    # may differ, since the values that it stands for are compared one by one
    preset: Literal["quick", "default", "paper", "paper-text", "star-paper"] = Field(
        default="default", json_schema_extra=MAY_DIFFER
    )
    """Preset to start from; fields set in the config take precedence."""
    # the questions themselves are compared, one by one
    tasks: list[TaskConfig] = Field(min_length=1, json_schema_extra=EXTENDS)
    """Sources of questions; several tasks are mixed in one run."""
    method: MethodField = ReGenesisConfig()
    """How paths are generated: `name` selects the method, the other fields belong to it."""
    curation: CurationConfig = Field(default=CurationConfig(), json_schema_extra=EXTENDS)
    """Which paths are kept."""
    decontamination: DecontaminationConfig = Field(default=DecontaminationConfig(), json_schema_extra=MAY_DIFFER)
    """What to do with training questions that overlap the evaluation."""
    dataset: DatasetConfig = Field(default=DatasetConfig(), json_schema_extra=MAY_DIFFER)
    """How much of what was kept becomes the dataset."""
    training: TrainingConfig = Field(default=TrainingConfig(), json_schema_extra=MAY_DIFFER)
    """Fine-tuning on the kept paths."""

    @model_validator(mode="before")
    @classmethod
    def _over_its_preset(cls, value: Any) -> Any:
        return with_preset(value) if isinstance(value, dict) else value
