"""The whole configuration of a run: one YAML file, checked before anything is spent.

    config = load_config("config.yaml", overrides=["engine.max_in_flight=64"])

A file may start from a preset (`preset: quick | default | paper`); what it states itself wins, and `--set`
overrides win over both. Every field is explained in `regenesis.config.schema`, under its declaration. Unknown keys are
refused with the nearest right name.
"""

from __future__ import annotations

from regenesis.config.comparing import OPERATIONAL_FIELDS, differences
from regenesis.config.loading import PRESETS, config_from_mapping, config_from_text, load_config, preset_values
from regenesis.config.schema import (
    BudgetConfig,
    CurationConfig,
    DecontaminationConfig,
    EngineConfig,
    EvaluationConfig,
    HintConfig,
    LlamaCppEngineConfig,
    LoraConfig,
    MethodConfig,
    OpenAIEngineConfig,
    RetryConfig,
    RunConfig,
    SamplingConfig,
    SchedulingConfig,
    TaskConfig,
    Thinking,
    TrainingConfig,
    TransformersEngineConfig,
)

__all__ = [
    "OPERATIONAL_FIELDS",
    "PRESETS",
    "BudgetConfig",
    "CurationConfig",
    "DecontaminationConfig",
    "EngineConfig",
    "EvaluationConfig",
    "HintConfig",
    "LlamaCppEngineConfig",
    "LoraConfig",
    "MethodConfig",
    "OpenAIEngineConfig",
    "RetryConfig",
    "RunConfig",
    "SamplingConfig",
    "SchedulingConfig",
    "TaskConfig",
    "Thinking",
    "TrainingConfig",
    "TransformersEngineConfig",
    "config_from_mapping",
    "config_from_text",
    "differences",
    "load_config",
    "preset_values",
]
