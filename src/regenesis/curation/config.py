"""Config of curation and decontamination."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from regenesis.section import OffIsAWord, Section


class CurationConfig(Section):
    """Which correct paths are fit to train on."""

    min_tokens: int = Field(default=20, ge=0)
    """Minimum path length, in the model's own tokens."""
    max_tokens: int = Field(default=1000, ge=1)
    """Maximum path length, in the model's own tokens."""
    min_steps: int = Field(default=2, ge=0)
    """Minimum number of steps (sentences or lines that work something out)."""
    numbered_list: Literal["any", "require"] = "any"
    """`require` drops paths without a numbered list and replaces what precedes it with a fixed opening, as
    published."""
    boxed: Literal["keep", "unwrap"] = "keep"
    """Whether `\\boxed{}` stays in the training text."""
    require_box: bool = True
    """Drop paths whose final answer is not in the `\\boxed{}` that the training prompt asks for, as published."""
    near_duplicate: float = Field(default=0.85, gt=0, le=1)
    """Jaccard similarity of word 3-grams from which paths of a question are duplicates; 1 drops exact copies only."""
    min_pass_rate: float = Field(default=0, ge=0, le=1)
    """Minimum share of a question's paths that must be right for any of them to be kept; paths with the hint are not
    counted. A right answer among many wrong ones is often luck, and its path does not lead to it. A question that is
    right less often is not tried with the hint."""
    max_repetition: float = Field(default=0.5, gt=0, le=1)
    """Maximum share of repeated word 4-grams before a path counts as a loop."""


class DecontaminationConfig(Section):
    """Training questions that overlap a question of the evaluation."""

    action: Annotated[Literal["drop", "report", "off"], OffIsAWord] = "drop"
    """`drop` them, only `report` them, or turn the check `off`."""
    ngram: int = Field(default=8, ge=2)
    """Questions overlap if they share an n-gram of this many words (case, punctuation and spaces normalised). A shorter
    question overlaps if all of it occurs in the other."""
