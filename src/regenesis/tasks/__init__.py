"""Where questions come from: hub datasets by name, files of the user's own, and reasoning-gym's generators.

loaded = load_questions(config.tasks, seed=config.seed, data_root=config.data_root)
for question in loaded.questions: ...
"""

from __future__ import annotations

from regenesis.tasks.account import GoldExample, TaskCount
from regenesis.tasks.config import TaskConfig
from regenesis.tasks.duplicates import SetAside
from regenesis.tasks.library import CatalogueEntry, catalogue, task_names
from regenesis.tasks.loading import BadRow, LoadedQuestions, load_questions, measuring
from regenesis.tasks.reasoning_gym import reasoning_gym_missing, reasoning_gym_names

__all__ = [
    "BadRow",
    "CatalogueEntry",
    "GoldExample",
    "LoadedQuestions",
    "SetAside",
    "TaskConfig",
    "TaskCount",
    "catalogue",
    "load_questions",
    "measuring",
    "reasoning_gym_missing",
    "reasoning_gym_names",
    "task_names",
]
