"""Config of the simulated engine. All skill and gain is in log-odds of a right answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from regenesis.engines.config import EngineConfig, Trained
from regenesis.findings import Finding
from regenesis.section import A_PATH, MAY_DIFFER, Section
from regenesis.types import Thinking

if TYPE_CHECKING:
    from regenesis.engines.base import Engine
    from regenesis.models import Progress

KIND = "simulated"


class SkillConfig(Section):
    """How often answers are right, in log-odds: 0 is one in two, 1 is 73 %, −1 is 27 %."""

    mean: float = Field(default=0.0, ge=-20, le=20)
    """Log-odds of a question of average difficulty, asked plainly."""
    by_question: float = Field(default=1.5, ge=0, le=20)
    """Standard deviation over questions."""
    by_group: float = Field(default=0.0, ge=0, le=20)
    """Standard deviation over groups: questions that begin with the same text."""
    guideline: float = Field(default=0.4, ge=-20, le=20)
    """Gain if the chat holds a guideline."""
    plan: float = Field(default=0.4, ge=-20, le=20)
    """Gain if the chat holds a plan."""
    hint: float = Field(default=2.5, ge=-20, le=20)
    """Gain if the chat holds the right answer."""


class GainConfig(Section):
    """What training adds, in log-odds."""

    most: float = Field(default=1.0, ge=-20, le=20)
    """Gain from any number of rows."""
    half_at: float = Field(default=100, gt=0)
    """Rows that give half of it."""
    hinted_row: float = Field(default=0.5, ge=0, le=1)
    """What a row whose path was hinted is worth, compared to another."""
    guidelines: float = Field(default=0.0, ge=-20, le=20)
    """Further gain from rows of many distinct guidelines; ten give nine tenths of it."""
    elsewhere: float = Field(default=0.5, ge=-20, le=20)
    """Share of the gain on questions with an operation that the rows do not hold."""
    by_question: float = Field(default=0.0, ge=0, le=20)
    """Standard deviation of the gain over questions."""
    by_group: float = Field(default=0.0, ge=0, le=20)
    """Standard deviation of the gain over groups."""
    by_seed: float = Field(default=0.1, ge=0, le=20)
    """Standard deviation of the gain over seeds of the training."""


class SimulatedEngineConfig(EngineConfig):
    """No model: arithmetic questions are worked out by rule, and answered rightly as often as `skill` says."""

    loads = "checkpoint"
    trains = True

    kind: Literal["simulated"]
    model: str = Field(default=KIND, pattern=rf"^{KIND}(:[\w.-]+)?$")
    """`simulated`, or `simulated:<name>` with a name of your own; models of different names draw their answers
    independently."""
    skill: SkillConfig = SkillConfig()
    """How often answers are right."""
    gain: GainConfig = Field(default=GainConfig(), json_schema_extra=MAY_DIFFER)
    """What training adds."""
    without_answer: float = Field(default=0.03, ge=0, le=1)
    """Share of replies that state no final answer."""
    truncated: float = Field(default=0.02, ge=0, le=1)
    """Share of replies that are cut at the token limit."""
    difficulty_seed: int = Field(default=0, ge=0)
    """Which questions and groups are hard."""
    max_in_flight: int = Field(default=32, ge=1, json_schema_extra=MAY_DIFFER)
    """Requests answered at the same time."""
    adapter: Path | None = Field(default=None, json_schema_extra=A_PATH | MAY_DIFFER)
    """Folder of a simulated training's result."""

    @field_validator("model", mode="before")
    @classmethod
    def _is_no_model(cls, value: object) -> object:
        if isinstance(value, str) and value.partition(":")[0] != KIND:
            raise ValueError(f"names a model, and {KIND} has none: leave it out, or set it to {KIND}.")
        return value

    def make(self, thinking: Thinking = "off", fetching: Progress | None = None) -> Engine:
        from regenesis.engines.simulated.engine import SimulatedEngine

        return SimulatedEngine(self)

    @property
    def loaded_adapter(self) -> Path | None:
        return self.adapter

    def with_adapter(self, adapter: Path | None) -> SimulatedEngineConfig:
        return self.model_copy(update={"adapter": adapter})

    def identity(self, thinking: Thinking = "off") -> str:
        """The name, and all that shapes the answers by its contents."""
        from regenesis.models.weights import folder_digest

        shaping = self.model_dump(mode="json", exclude={"max_in_flight", "adapter", "gain"})
        digest = hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:12]
        tuned = f"+{self.adapter.name}@sha256:{folder_digest(self.adapter)[:16]}" if self.adapter else ""
        return f"{self.model}@{digest}{tuned}"

    def precision(self, identity: str) -> str:
        return KIND

    def check(self) -> Iterator[Finding]:
        yield Finding("engine", "ok", "The engine is simulated: it answers arithmetic questions by rule.")

    def train(self, dataset: Path, output: Path, seed: int) -> Trained:
        from regenesis.engines.simulated.training import train

        return train(self, dataset, output, seed)
