"""What a config can say about which paths and questions are fit to train on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from regenesis.section import OffIsAWord, Section


class CurationConfig(Section):
    """Which right paths are fit to train on."""

    min_tokens: int = Field(default=20, ge=0)
    """Shorter paths are dropped (tokens of the model's own tokenizer)."""
    max_tokens: int = Field(default=1000, ge=1)
    """Longer paths are dropped."""
    min_steps: int = Field(default=2, ge=0)
    """Fewer steps (sentences or lines that work something out) and it is not a reasoning path."""
    numbered_list: Literal["any", "require"] = "any"
    """`require` drops paths without a numbered list, and cuts what stands before it for a new opening, as published."""
    boxed: Literal["keep", "unwrap"] = "keep"
    """Whether `\\boxed{}` stays in the training text."""
    require_box: bool = True
    """Drop paths whose final answer is not in the `\\boxed{}` that the training prompt asks for, as published."""
    near_duplicate: float = Field(default=0.85, gt=0, le=1)
    """Paths of a question whose word 3-grams overlap this much (Jaccard) count as one; 1 drops exact copies only."""
    max_repetition: float = Field(default=0.5, gt=0, le=1)
    """Share of a path's word 4-grams that may be repeats before it counts as a loop."""


class DecontaminationConfig(Section):
    """Training questions that overlap a question of the evaluation."""

    action: Annotated[Literal["drop", "report", "off"], OffIsAWord] = "drop"
    """Leave them out, only report them, or do not look."""
    ngram: int = Field(default=8, ge=2)
    """Two questions overlap where they share so many words in a row (normalised: case, punctuation and spaces). A
    question of fewer words overlaps where all of it is found in the other."""
