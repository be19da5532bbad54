"""Config of tasks: where questions come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from regenesis.section import A_PATH, Section
from regenesis.types import AnswerKind


class TaskConfig(Section):
    """Where questions come from: a catalogued task, a reasoning-gym task, a file or a hub dataset of the user's own.

    Where only the name, or name and split, are stated, `gsm8k` and `gsm8k:test` stand for the whole.
    """

    name: str
    """A catalogued task (`gsm8k`), `rg:` and a reasoning-gym task (`rg:gsm_symbolic`), or any name for a `file` or
    `hub`. In a list a name may stand alone or with its split (`tasks: [gsm8k, "arc_challenge:validation"]`)."""
    split: str | None = None
    """Split to read; default the task's first, `train` for `hub`."""
    limit: int | None = Field(default=None, ge=1)
    """Maximum number of questions."""
    offset: int = Field(default=0, ge=0)
    """Number of rows to skip."""
    shuffle: bool = False
    """Shuffle the rows with the run's seed."""
    file: Path | None = Field(default=None, json_schema_extra=A_PATH)
    """The user's own questions: JSON, JSONL, CSV, TSV or Parquet, also compressed. A relative path is looked up
    from the config file's folder."""
    hub: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")
    """A Hub dataset that is not in the catalogue, as `org/name`; the data root is searched first."""
    config: str | None = Field(default=None, pattern=r"^\w[\w .+-]*$")
    """For `hub`: the dataset's config; default the only or default one."""
    fields: dict[str, str | None] = Field(default_factory=dict)
    """For `file` and `hub`: the column of `id`, `text`, `gold`, `choices`, `solution`, `group` (what several questions
    share, such as a passage), or a part of one (`prompt[0].content`); a value with `{{ }}` is a template over the row,
    `null` leaves a field out."""
    kind: AnswerKind | Literal["auto"] = "auto"
    """For `file` and `hub`: how answers are compared; `auto` infers it from the gold answer."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """For reasoning-gym tasks: parameters of the generator, such as difficulty."""
    on_bad_row: Literal["error", "skip"] = "error"
    """What to do with a row that cannot be read as a question: stop with an `error`, or `skip` and report it."""

    @model_validator(mode="before")
    @classmethod
    def _spelled_out(cls, value: Any) -> Any:
        return spell_out_task(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _own_fields_only_with_own_rows(self) -> TaskConfig:
        if self.file is None and self.hub is None and self.fields:
            raise ValueError("`fields` goes with `file` or `hub`: a catalogued task knows its own columns")
        if self.file is not None and self.hub is not None:
            raise ValueError("give either `file` or `hub`, not both")
        if self.config is not None and self.hub is None:
            raise ValueError("`config` goes with `hub`; part of a catalogued task is named as `bbh/navigate`")
        if self.parameters and not self.name.startswith("rg:"):
            raise ValueError("`parameters` goes with reasoning-gym tasks, whose names start with `rg:`")
        return self


def spell_out_task(text: str) -> dict[str, Any]:
    """A task's short form, `name` or `name:split`, as a mapping; the colon of `rg:` belongs to the name."""
    prefix = "rg:" if text.startswith("rg:") else ""
    name, separator, split = text.removeprefix(prefix).partition(":")
    return {"name": prefix + name, **({"split": split} if separator else {})}
