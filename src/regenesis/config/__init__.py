"""The whole configuration of a run: one YAML file, checked before anything is spent.

    config = load_config("config.yaml", overrides=["engine.max_in_flight=64"])

A file may start from a preset (`preset: quick | default | paper`); what it states itself wins, and `--set`
overrides win over both. Every field is explained in `regenesis.config.schema`, under its declaration. Unknown keys are
refused with the nearest right name.
"""

from __future__ import annotations

from regenesis.config.comparing import differences, extensions, section_differences
from regenesis.config.loading import config_from_mapping, config_from_text, load_config, written_by_a_run
from regenesis.config.presets import PRESETS, preset_values
from regenesis.config.schema import RunConfig
from regenesis.curation.config import CurationConfig, DecontaminationConfig
from regenesis.engines import EngineConfig
from regenesis.evaluation.config import EvaluationConfig
from regenesis.scheduling import BudgetConfig, SchedulingConfig
from regenesis.section import SamplingConfig, going_on
from regenesis.tasks.config import TaskConfig
from regenesis.training.config import LoraConfig, TrainingConfig
from regenesis.types import Thinking

__all__ = [
    "PRESETS",
    "BudgetConfig",
    "CurationConfig",
    "DecontaminationConfig",
    "EngineConfig",
    "EvaluationConfig",
    "LoraConfig",
    "RunConfig",
    "SamplingConfig",
    "SchedulingConfig",
    "TaskConfig",
    "Thinking",
    "TrainingConfig",
    "config_from_mapping",
    "config_from_text",
    "differences",
    "extensions",
    "going_on",
    "load_config",
    "preset_values",
    "section_differences",
    "written_by_a_run",
]
