"""Config of the dataset: how much of what was kept becomes rows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from regenesis.section import Section

Hinted = Literal["any", "only", "never"]
"""Whether rows come from paths whose model had been shown the answer."""


class DatasetConfig(Section):
    """How much of what was kept becomes rows; all of it by default."""

    max_rows: int | None = Field(default=None, ge=1)
    """Maximum rows, drawn evenly over the questions: one of each question, then a second one of each, and so on."""
    max_generated_tokens: int | None = Field(default=None, ge=1)
    """Take questions in the run's order for as long as the tokens generated for them, wrong paths included, stay within
    this number."""
    hinted: Hinted = "any"
    """Rows of paths whose model had been shown the answer: `never` leaves them out, `only` leaves out all others."""
