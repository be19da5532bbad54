"""Config of the dataset: how much of what was kept becomes rows."""

from __future__ import annotations

from pydantic import Field

from regenesis.section import Section


class DatasetConfig(Section):
    """How much of what was kept becomes rows; all of it by default."""

    max_rows: int | None = Field(default=None, ge=1)
    """Maximum rows, drawn evenly over the questions: one of each question, then a second one of each, and so on."""
    max_generated_tokens: int | None = Field(default=None, ge=1)
    """Take questions in the run's order for as long as the tokens generated for them, wrong paths included, stay within
    this number."""
