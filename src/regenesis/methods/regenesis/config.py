"""Config of the ReGenesis method."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from regenesis.methods.waves import WavesConfig
from regenesis.section import A_PATH, EXTENDS, OffIsAWord, SamplingConfig, Section, default_was

StageName = Literal["adapt", "structure", "solve"]
ALL_STAGES: tuple[StageName, ...] = ("adapt", "structure", "solve")


class HintConfig(Section):
    """Second pass for questions without a kept path, with the gold answer as a hint."""

    enabled: bool = Field(default=True, json_schema_extra=EXTENDS)
    """Whether to run the hint pass."""
    guidelines: int | None = Field(default=4, ge=0, json_schema_extra=EXTENDS)
    """Maximum guidelines tried with a hint; `null` tries all that suit it, 0 none (with `selections`)."""
    selections: int = Field(default=0, ge=0, json_schema_extra=EXTENDS)
    """Sampled selections of guidelines in the hint pass."""
    temperature: float | None = Field(default=0.7, ge=0, le=5)
    """Temperature of the hint pass; `null` uses the server's default."""


class ReGenesisConfig(WavesConfig):
    """General guideline → guideline for the task → reasoning structure → reasoning path."""

    name: str = "regenesis"
    """`regenesis`."""
    guidelines: int | Literal["generate"] | list[str] | None = Field(default=None, json_schema_extra=EXTENDS)
    """General guidelines tried per question: how many, in an order drawn for each question; the ids of some; `null` for
    all; or `generate`, to have the model write `generated_guidelines` of them once per run."""
    unguided: int = Field(default=0, ge=0, json_schema_extra=EXTENDS)
    """Chains that start from no guideline at all; with `guidelines: 0` the ablation of guidelines."""
    guidelines_file: Path | None = Field(default=None, json_schema_extra=A_PATH | EXTENDS)
    """YAML file of guidelines to use instead of the built-in 25."""
    generated_guidelines: int = Field(default=10, ge=1, le=50)
    """Number of guidelines to generate with `guidelines: generate`."""
    prompts: str = Field(default="guided", json_schema_extra=A_PATH | default_was("one-chat"))
    """Built-in prompt set (`guided`, `one-chat`, `paper`) or the path of a folder of templates."""
    stages: list[StageName] = Field(default=["solve"], json_schema_extra=default_was(list(ALL_STAGES)))
    """The stages of a chain, in order: any of `adapt` and `structure`, and `solve`. The published chain has all three;
    `solve` alone is asked with the general guideline."""
    solves: int = Field(default=1, ge=1, json_schema_extra=EXTENDS)
    """Paths asked for from each reasoning structure (or from what leads a chain in its place), one after another:
    fewer tokens a path where the lead is long, and paths that are more alike."""
    fused: bool = False
    """Ask for all stages in one call; the path is what stands under the reply's last heading."""
    selections: int = Field(default=0, ge=0, json_schema_extra=EXTENDS)
    """Sampled choices of the 2-3 guidelines that suit the question best; each starts a chain of its own."""
    sampling: SamplingConfig = SamplingConfig()
    """Sampling parameters of the first pass."""
    # it and the next were others in the preset `quick`
    adapt_tokens: int | None = Field(default=160, ge=1, json_schema_extra=default_was(80))
    """Maximum new tokens of an adapted guideline; `null` uses `sampling.max_tokens`."""
    structure_tokens: int | None = Field(default=400, ge=1, json_schema_extra=default_was(160))
    """Maximum new tokens of a reasoning structure; `null` uses `sampling.max_tokens`."""
    retry_unusable: bool = Field(default=True, json_schema_extra=EXTENDS)
    """Retry once if an adapted guideline or a structure was truncated, a structure loops or already contains results,
    or a path has no steps. One that is truncated or loops again ends its chain."""
    repair: bool = Field(default=True, json_schema_extra=EXTENDS | default_was(False))
    """Ask for the end of a path that was truncated, or that is not wrong but lacks its box, in one short turn, where
    the prompt set has a template for it (`guided` has); not with `fused`."""
    repair_tokens: int | None = Field(default=160, ge=1)
    """Maximum new tokens of such an end; `null` uses `sampling.max_tokens`."""
    summarise: bool = Field(default=False, json_schema_extra=EXTENDS)
    """Ask the model for the final answer of each path of the first pass in a call of its own, as published."""
    self_judge: Annotated[Literal["off", "and", "tie-break"], OffIsAWord] = Field(
        default="off", json_schema_extra=EXTENDS
    )
    """Ask the model whether a path agrees with the right answer. `and`: the checker and the model must both say so, as
    published; `tie-break`: asked only about paths whose answer the checker cannot read, and its word counts."""
    hint: HintConfig = HintConfig()
    """Second pass, for questions without a kept path."""
    vote: Literal["no_gold", "always", "never"] = Field(default="no_gold", json_schema_extra=EXTENDS)
    """When the majority answer over a question's own paths is used as pseudo-label."""
    min_votes: int = Field(default=2, ge=1, json_schema_extra=EXTENDS)
    """Minimum number of agreeing paths for a majority."""

    @field_validator("stages")
    @classmethod
    def _in_order(cls, stages: list[StageName]) -> list[StageName]:
        wanted = [stage for stage in ALL_STAGES if stage in stages]
        if stages != wanted or "solve" not in stages:
            raise ValueError(
                "must list stages out of adapt, structure, solve, each at most once, in that order, with solve last"
            )
        return stages

    @field_validator("prompts")
    @classmethod
    def _by_its_name_of_today(cls, prompts: str) -> str:
        # its name in older configs and run folders
        return "one-chat" if prompts == "default" else prompts

    @field_validator("guidelines")
    @classmethod
    def _not_negative(cls, value: int | str | list[str] | None) -> int | str | list[str] | None:
        if isinstance(value, int) and value < 0:
            raise ValueError("must be at least 0")
        return value

    @model_validator(mode="after")
    def _chains_to_start(self) -> ReGenesisConfig:
        if self.guidelines in (0, []) and not self.unguided and not self.selections:
            raise ValueError("no chain would start: give `guidelines`, `selections` or `unguided`")
        if self.hint.enabled and self.hint.guidelines == 0 and self.hint.selections == 0:
            raise ValueError(
                "hint: starts no chain, with neither guidelines nor selections; set hint.enabled to false instead"
            )
        if self.fused and self.solves > 1:
            raise ValueError("`solves`: one call is lead and path at once with `fused`; give more chains instead")
        if self.guidelines == "generate" and self.guidelines_file is not None:
            raise ValueError("`guidelines: generate` and `guidelines_file` are two sources of guidelines; give one")
        return self
